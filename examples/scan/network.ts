import { defineRun } from "decade";

/**
 * A run on one of SCAN's splits (Lake and Baroni 2018) with the network that they found best over all: two layers of 200 units, no
 * attention, dropout of 0.5, Adam, gradients clipped at 5. They showed it 100,000 commands one by one; here it
 * sees 160,000, 32 at a time, at a rate that begins twice as high and falls to nothing. About ten minutes on one core.
 *
 * @param name "random", "length" or "jump"
 */
export function scanRun(name: string) {
  return defineRun({
    name: `scan-${name}`,
    data: { kind: "jsonl", file: `../../runs/data/scan-${name}.jsonl`, sourceField: "prompt", targetField: "solution" },
    tokenizer: { source: { kind: "word" }, target: { kind: "symbol" } },
    model: { kind: "seq2seq-lstm", layers: 2, hidden: 200, dropout: 0.5 },
    training: {
      steps: 5_000,
      batch: { sentences: 32 },
      optimizer: { kind: "adam", learningRate: 2e-3 },
      schedule: { kind: "linear", warmup: 100 },
      clipNorm: 5,
      logEvery: 100,
    },
    engine: { kind: "onnx", threads: 1 },
  });
}
