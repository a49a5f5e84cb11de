import { definePretraining } from "decade";

/**
 * A character-level GPT on tiny Shakespeare, as small as the one that nanoGPT's README trains on a CPU: 4 layers, 128
 * wide, 4 heads, 64 characters of context, 12 rows a batch, 2,000 steps, no dropout; 20 batches are looked at in between. Its
 * learning rate there is 1e-3.
 */
export default definePretraining({
  name: "shakespeare",
  data: { kind: "text", files: ["../../shared/data/tinyshakespeare/input.txt"], validation: 0.1 },
  tokenizer: { kind: "character" },
  model: { kind: "gpt", layers: 4, dimension: 128, heads: 4, context: 64, bias: false },
  training: {
    steps: 2_000,
    batch: { sequences: 12 },
    order: "random",
    optimizer: { kind: "adamw", learningRate: 3e-3, beta1: 0.9, beta2: 0.99, weightDecay: 0.1 },
    schedule: { kind: "cosine", warmup: 100, final: 0.1 },
    clipNorm: 1,
    validateEvery: { steps: 250 },
    validationBatches: 20,
    checkpointEvery: { steps: 500 },
    logEvery: 50,
  },
});
