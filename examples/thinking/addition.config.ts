import { definePretraining } from "decade";

/**
 * Sums of two numbers of three digits, written from the last digit on (Lee et al. 2023). About ten minutes on one core,
 * the data first:
 *
 *     npx decade think data addition --count 200000 --output runs/data/addition.jsonl
 *     npx decade pretrain examples/thinking/addition.config.ts
 *     npx decade think addition runs/addition --problems 1000
 */
export default definePretraining({
  name: "addition",
  data: { kind: "completions", files: ["../../runs/data/addition.jsonl"], validation: 0.01 },
  tokenizer: { kind: "character" },
  model: { kind: "gpt", layers: 3, dimension: 128, heads: 4, context: 64, positions: "rotary", bias: false },
  training: {
    steps: 1_000,
    batch: { sequences: 96 },
    optimizer: { kind: "muon" },
    schedule: { kind: "cosine", warmup: 50, final: 0.05 },
    clipNorm: 1,
    validateEvery: { steps: 250 },
    checkpointEvery: { steps: 250 },
    logEvery: 50,
  },
});
