import { definePretraining } from "decade";

/**
 * Countdown with three numbers: two steps, then the whole as one expression. What it learns to write by itself is the
 * beginning for searches, and for learning from rewards. About ten minutes on one core, the data first:
 *
 *     npx decade think data countdown --count 300000 --output runs/data/countdown.jsonl
 *     npx decade pretrain examples/thinking/countdown.config.ts
 *     npx decade think countdown runs/countdown --strategy best-of-n --samples 64
 */
export default definePretraining({
  name: "countdown",
  data: { kind: "completions", files: ["../../runs/data/countdown.jsonl"], validation: 0.01 },
  tokenizer: { kind: "character" },
  model: { kind: "gpt", layers: 4, dimension: 192, heads: 6, context: 96, positions: "rotary", bias: false },
  training: {
    steps: 600,
    batch: { sequences: 48 },
    optimizer: { kind: "muon" },
    schedule: { kind: "cosine", warmup: 50, final: 0.05 },
    clipNorm: 1,
    validateEvery: { steps: 200 },
    checkpointEvery: { steps: 200 },
    logEvery: 50,
  },
});
