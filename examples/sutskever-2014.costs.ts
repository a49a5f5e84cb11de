/**
 * What the model of Sutskever, Vinyals and Le 2014 (arXiv 1409.3215) costs on one GPU of its time, derived from the
 * model's dimensions and from one published speed, 1,700 words a second on one GPU. docs/planning.md tells it at length.
 */

// The paper, sections 3.1 and 3.4.
const SENTENCES = 12e6;
const SOURCE_WORDS = 304e6 / SENTENCES;
const TARGET_WORDS = 348e6 / SENTENCES;
const WORDS = SOURCE_WORDS + TARGET_WORDS;
// Section 2: each sentence ends with a symbol, which begins the decoder and is predicted behind the last word.
const TARGET_STEPS = TARGET_WORDS + 1;
const STEPS = SOURCE_WORDS + TARGET_STEPS;
const HIDDEN = 1000;
const SOURCE_VOCABULARY = 160_000;
const TARGET_VOCABULARY = 80_000;
const LAYERS = 4;
const BATCH = 128;

// Section 3.5.
const WORDS_PER_SECOND_OF_ONE = 1_700;

// An assumption: the paper names no GPU, but two of its authors trained LSTMs on a Tesla K20 in the same month (Zaremba,
// Sutskever and Vinyals 2014, arXiv 1409.2329). 5 GB, 208 GB/s and PCI Express 2.0 x16 (8 GB/s) are in its data sheet.
const MEMORY_BYTES = 5e9;
const MEMORY_BANDWIDTH = 0.75 * 208e9; // an assumption: the part of the peak that streaming reaches
const LINK = { bandwidth: 6e9, latency: 10e-6 }; // an assumption: three quarters of the peak, 10 us a copy

// Speed of a single-precision product of square matrices of Kepler GPUs by their size, in GFLOP/s: cuBLAS 7.0 on a Tesla
// K40 as the clBLAS project measured it (doc/performance/cuBLAS_7.0/Tesla_K40/sgemm.csv), each the mean of the seven sizes
// around, which are 32 apart. Only the ratios count here.
const PRODUCT_SPEEDS: readonly (readonly [size: number, speed: number])[] = [
  [128, 224], [256, 748], [512, 1463], [768, 1991], [1024, 2386], [1280, 2672], [1536, 2776], [2048, 3057], [2560, 3093], [3072, 3148], [4096, 3218],
];

const FLOAT = 4;
const GATES = 4 * HIDDEN;
const parameters = {
  layer: 2 * 2 * HIDDEN * GATES, // encoder and decoder, input and state
  embeddings: (SOURCE_VOCABULARY + TARGET_VOCABULARY) * HIDDEN,
  projection: HIDDEN * TARGET_VOCABULARY,
};

/** An assumption: a product is as fast as the square one with as many multiplications. */
function relativeSpeed(rows: number, columns: number): number {
  const size = Math.cbrt(rows * HIDDEN * columns);
  const above = Math.max(1, PRODUCT_SPEEDS.findIndex(([each]) => each >= size));
  const [[low, slow] = [0, 0], [high, fast] = [1, 1]] = PRODUCT_SPEEDS.slice(above - 1, above + 1);
  return slow + (fast - slow) * (size - low) / (high - low);
}

/** Seconds of a product [rows, HIDDEN] x [HIDDEN, columns] but for a factor; gradients are products of as many multiplications. */
const product = (rows: number, columns: number): number => 2 * rows * HIDDEN * columns / relativeSpeed(rows, columns);

// An assumption: each product is of one step of time, as in the Torch program that Zaremba published with the paper above,
// with all four gates in one.
const ofLayer = (sequences: number): number => STEPS * 2 * product(sequences, GATES);
const ofProjection = (sequences: number): number => TARGET_STEPS * product(sequences, TARGET_VOCABULARY);

/** The norm reads gradients; the update reads them with the weights, and writes these. Gradients of all embeddings are swept. */
const update = (weights: number): number => 4 * weights * FLOAT / MEMORY_BANDWIDTH;
const everyWeight = LAYERS * parameters.layer + parameters.embeddings + parameters.projection;

/** The one factor, from the published speed of one GPU: three products each, forward, by the inputs and by the weights. */
const factor = (BATCH * WORDS / WORDS_PER_SECOND_OF_ONE - update(everyWeight)) / (3 * (LAYERS * ofLayer(BATCH) + ofProjection(BATCH)));

/** Costs of a micro-batch; layer l of the encoder and layer l of the decoder lie together, as in the paper. */
function profile(sequences: number): object {
  const [layerSeconds, projectionSeconds] = [factor * ofLayer(sequences), factor * ofProjection(sequences)];
  // Of a part of the projection: a quarter is a smaller product, and takes more than a quarter of the time.
  const quarter = product(sequences, TARGET_VOCABULARY / 4) / product(sequences, TARGET_VOCABULARY);
  const layer = (index: number): object => {
    const weights = parameters.layer + (index === 0 ? parameters.embeddings : 0);
    return {
      name: `layer ${index + 1}`,
      forward: layerSeconds, inputGradient: layerSeconds, weightGradient: layerSeconds,
      update: update(weights), parameterBytes: weights * FLOAT,
      activationBytes: sequences * STEPS * 7 * HIDDEN * FLOAT, // input, four gates, cell, output
      outputBytes: sequences * STEPS * HIDDEN * FLOAT,
    };
  };
  return {
    description: "Sutskever, Vinyals and Le 2014 on Tesla K20s: operations counted, speed from 1,700 words a second on one; see docs/planning.md.",
    device: { name: "Tesla K20 (assumed)", memoryBytes: MEMORY_BYTES },
    link: LINK,
    microBatch: { sequences, tokens: sequences * WORDS },
    units: [
      ...Array.from({ length: LAYERS }, (_, index) => layer(index)),
      {
        name: "softmax", vocabulary: true, begins: SOURCE_WORDS / STEPS, undivided: (quarter - 1 / 4) / (1 - 1 / 4),
        forward: projectionSeconds, inputGradient: projectionSeconds, weightGradient: projectionSeconds,
        update: update(parameters.projection), parameterBytes: parameters.projection * FLOAT,
        activationBytes: sequences * TARGET_STEPS * TARGET_VOCABULARY * FLOAT, outputBytes: 0,
      },
    ],
    recurrent: true,
    optimizerMoments: 0, // plain gradient descent, section 3.4
  };
}

/** The paper's batch at once, and in micro-batches. */
export default [128, 64, 32, 16, 8].map(profile);
