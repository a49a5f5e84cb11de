/**
 * Recurrent language model.
 *
 * - A deep LSTM reads text that goes on from batch to batch; its state is carried across (Zaremba, Sutskever and
 *   Vinyals 2014, arXiv 1409.2329).
 * - Dropout on all connections but the recurrent ones (section 3.2 there).
 * - Optionally, the output projection is the token embedding (Press and Wolf 2017).
 */
import { apply } from "../graph/apply.ts";
import { addDims, type Dim } from "../graph/dimension.ts";
import { float32, type Signature } from "../graph/program.ts";
import type { StateVariable } from "../graph/state.ts";
import { iota, zeros, type Tensor } from "../graph/tensor.ts";
import { Dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import { uniformInitializer, zeroInitializer } from "../nn/initializer.ts";
import { linearCrossEntropy } from "../nn/loss.ts";
import { Lstm, type LstmState } from "../nn/lstm.ts";
import { Module, Parameter } from "../nn/module.ts";
import { carriedTensor, lastOfEach, type Carried, type Extension, type LanguageLoss, type LanguageModel, type LanguageTrainingOptions, type TextBatch } from "./language-model.ts";

export interface LstmLmOptions {
  readonly vocabulary: number;
  readonly layers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly dropout: number;
  readonly tiedEmbeddings: boolean;
  readonly forgetBias: number;
  /** Weights are drawn from (-range, range). */
  readonly range: number;
}

export class LstmLm extends Module implements LanguageModel {
  readonly embedding: Embedding;
  readonly inputDropout: Dropout;
  readonly layers: Lstm[];
  readonly dropouts: Dropout[];
  readonly outputWeight: Parameter; // [vocabulary, hidden]
  readonly outputBias: Parameter;
  readonly context = undefined;
  readonly rewinds = false;
  readonly #memories = new Map<string, { hidden: StateVariable; cell: StateVariable }>();

  constructor(readonly options: LstmLmOptions) {
    super();
    const { vocabulary, embedding, hidden, dropout, tiedEmbeddings, forgetBias } = options;
    if (tiedEmbeddings && embedding !== hidden) {
      throw new Error(`Tied embeddings need model.embedding = model.hidden; they are ${embedding} and ${hidden}.`);
    }
    const initializer = uniformInitializer(options.range);
    this.embedding = new Embedding(vocabulary, embedding, initializer);
    this.inputDropout = new Dropout(dropout);
    this.layers = Array.from({ length: options.layers }, (_, layer) => (
      new Lstm(layer === 0 ? embedding : hidden, hidden, { forgetBias, initializer })));
    this.dropouts = this.layers.map(() => new Dropout(dropout));
    this.outputWeight = tiedEmbeddings ? this.embedding.weight : new Parameter([vocabulary, hidden], initializer);
    this.outputBias = new Parameter([vocabulary], zeroInitializer);
  }

  get vocabulary(): number {
    return this.options.vocabulary;
  }

  get features(): number {
    return this.options.hidden;
  }

  hidden(tokens: Tensor, seed?: Tensor): Tensor {
    return this.within(() => {
      const initial = this.layers.map((layer) => layer.zeroState(tokens.dim(0)));
      return this.readLayers(this.inputDropout.forward(this.embedding.forward(tokens.transpose()), seed), initial, seed).top.transpose([1, 0, 2]);
    });
  }

  /** Weights of the recurrent layers, biases excluded. */
  recurrentParameters(): Parameter[] {
    return this.layers.flatMap((layer) => layer.parameters()).filter(({ shape }) => shape.length === 2);
  }

  loss({ tokens, targets, judged, carry }: TextBatch, { labelSmoothing, zLoss, seed }: LanguageTrainingOptions): LanguageLoss {
    return this.within(() => {
      const initial = this.layers.map((_, layer) => this.remembered(layer, tokens.dim(0), carry));
      const { top, states } = this.readLayers(this.inputDropout.forward(this.embedding.forward(tokens.transpose()), seed), initial, seed);
      const { losses, negativeLogLikelihoods } = linearCrossEntropy(top, this.outputWeight.tensor, targets.transpose(), {
        bias: this.outputBias.tensor, labelSmoothing, zLoss,
      });
      const counts = judged.transpose().cast("float32"); // [time, batch]
      return {
        loss: losses.multiply(counts).sum(),
        negativeLogLikelihoods: negativeLogLikelihoods.multiply(counts).sum(0),
        ...(carry && { updates: states.flatMap(({ hidden, cell }, layer) => {
          const memory = this.memory(carry.name, layer, tokens.dim(0));
          return [{ variable: memory.hidden, value: hidden }, { variable: memory.cell, value: cell }];
        }) }),
      };
    });
  }

  start(rows: Dim, padding: Tensor): Carried {
    return { padding, ...namesOf(this.layers.map((layer) => layer.zeroState(rows))) };
  }

  read(tokens: Tensor, carried: Carried): { logits: Tensor; carried: Carried } {
    return this.within(() => {
      const padding = carriedTensor(carried, "padding"); // [rows]: places yet to be skipped
      const time = tokens.transpose(); // [time, rows]
      const mask = padding.lessEqual(iota(time.shape, 0));
      const next = this.readLayers(this.embedding.forward(time), this.statesOf(carried), undefined, mask);
      const logits = this.project(next.top.transpose([1, 0, 2]));
      const count = iota([addDims(tokens.dim(1), 1)]).slice(0, tokens.dim(1)); // [1]: how many were read
      return { logits, carried: { padding: padding.subtract(count).maximum(0), ...namesOf(next.states) } };
    });
  }

  memoryTypes(rows: Dim): Signature {
    const state = float32(rows, this.options.hidden);
    return Object.fromEntries(this.layers.flatMap((_, layer) => [[`hidden${layer}`, state], [`cell${layer}`, state]]));
  }

  extend(tokens: Tensor, memory: Carried, { counts, each }: Extension): { logits: Tensor; memory: Carried } {
    return this.within(() => {
      const time = tokens.transpose(); // [time, rows]
      const mask = iota(time.shape, 0).less(counts);
      const next = this.readLayers(this.embedding.forward(time), this.statesOf(memory), undefined, mask);
      const top = next.top.transpose([1, 0, 2]); // [rows, time, hidden]
      return { logits: this.project(each ? top : lastOfEach(top, counts)), memory: namesOf(next.states) };
    });
  }

  private statesOf(carried: Carried): LstmState[] {
    return this.layers.map((_, layer) => ({
      hidden: carriedTensor(carried, `hidden${layer}`), cell: carriedTensor(carried, `cell${layer}`),
    }));
  }

  /** [..., hidden] → logits [..., vocabulary] */
  private project(top: Tensor): Tensor {
    return top.matmul(this.outputWeight.tensor.transpose()).add(this.outputBias.tensor);
  }

  /** x [time, batch, embedding]. */
  private readLayers(
    x: Tensor, initial: readonly LstmState[], seed: Tensor | undefined, mask?: Tensor,
  ): { top: Tensor; states: LstmState[] } {
    const states: LstmState[] = [];
    let top = x;
    for (const [index, layer] of this.layers.entries()) {
      const state = initial[index];
      const { outputs, final } = layer.forward(top, { mask, ...(state && { initial: state }) });
      states.push(final);
      top = this.dropouts[index]?.forward(outputs, seed) ?? outputs;
    }
    return { top, states };
  }

  /** The state that the batch before left, or zeros. */
  private remembered(layer: number, rows: Dim, carry: TextBatch["carry"]): LstmState {
    const zero = zeros([rows, this.options.hidden]);
    if (carry === undefined) return { hidden: zero, cell: zero };
    const value = (variable: StateVariable): Tensor => apply("state", [], { variable }).multiply(carry.continued.cast("float32"));
    const { hidden, cell } = this.memory(carry.name, layer, rows);
    return { hidden: value(hidden), cell: value(cell) };
  }

  /** Where a layer's state stays between batches of so many rows. */
  private memory(carry: string, layer: number, rows: Dim): { hidden: StateVariable; cell: StateVariable } {
    if (typeof rows !== "number") throw new Error("A state can be carried from batch to batch only where the number of rows is known.");
    const key = `${carry}.${layer}.${rows}`;
    const known = this.#memories.get(key);
    if (known !== undefined) return known;
    const variable = (name: string): StateVariable => ({
      name: `${carry}.layers.${layer}.${name}`, shape: [rows, this.options.hidden], dtype: "float32",
      initialize: () => new Float32Array(rows * this.options.hidden),
    });
    const made = { hidden: variable("hidden"), cell: variable("cell") };
    this.#memories.set(key, made);
    return made;
  }
}

function namesOf(states: readonly LstmState[]): Record<string, Tensor> {
  return Object.fromEntries(states.flatMap(({ hidden, cell }, layer) => [[`hidden${layer}`, hidden], [`cell${layer}`, cell]]));
}
