import { definePretraining } from "decade";

/**
 * Countdown with three numbers: two steps, then the whole as one expression. What it learns to write by itself is the
 * beginning for searches, and for learning from rewards. The data come first:
 *
 *     npx decade think data countdown --count 300000 --output runs/data/countdown.jsonl
 *     npx decade tokenize runs/data/countdown.jsonl --character --output runs/data/countdown
 *     npx decade pretrain examples/thinking/countdown.config.ts
 *     npx decade think countdown runs/countdown --strategy best-of-n --samples 64
 */
export default definePretraining({
  name: "countdown",
  data: { kind: "shards", folder: "../../runs/data/countdown" },
  model: { kind: "gpt", layers: 6, dimension: 192, heads: 6, context: 96, positions: "rotary", bias: false },
  training: {
    steps: 6_000,
    batch: { sequences: 48 },
    separateDocuments: true,
    optimizer: { kind: "adamw", learningRate: 1e-3, beta2: 0.99, weightDecay: 0.01 },
    schedule: { kind: "cosine", warmup: 200, final: 0.05 },
    clipNorm: 1,
    validateEvery: { steps: 500 },
    checkpointEvery: { steps: 500 },
    logEvery: 50,
  },
});
