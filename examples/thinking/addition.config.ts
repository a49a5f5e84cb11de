import { definePretraining } from "decade";

/**
 * Sums of two numbers of three digits, written from the last digit on (Lee et al. 2023). The data come first:
 *
 *     npx decade think data addition --count 200000 --output runs/data/addition.jsonl
 *     npx decade tokenize runs/data/addition.jsonl --character --output runs/data/addition
 *     npx decade pretrain examples/thinking/addition.config.ts
 *     npx decade think addition runs/addition --problems 1000
 */
export default definePretraining({
  name: "addition",
  data: { kind: "shards", folder: "../../runs/data/addition" },
  model: { kind: "gpt", layers: 4, dimension: 128, heads: 4, context: 64, positions: "rotary", bias: false },
  training: {
    steps: 4_000,
    batch: { sequences: 64 },
    separateDocuments: true,
    optimizer: { kind: "adamw", learningRate: 2e-3, beta2: 0.99, weightDecay: 0.01 },
    schedule: { kind: "cosine", warmup: 100, final: 0.05 },
    clipNorm: 1,
    validateEvery: { steps: 500 },
    checkpointEvery: { steps: 500 },
    logEvery: 50,
  },
});
