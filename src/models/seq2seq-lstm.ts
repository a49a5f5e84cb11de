/**
 * Deep LSTM encoder-decoder.
 *
 * - Separate deep LSTMs read the source and write the target (Sutskever, Vinyals and Le 2014).
 * - The decoder starts from the encoder's last state, layer by layer.
 * - Optionally: bidirectional encoder and attention (Bahdanau et al. 2015; Luong et al. 2015, with input feeding),
 *   dropout on non-recurrent connections (Zaremba et al. 2014), tied embeddings (Press and Wolf 2017), and residual
 *   connections between layers (Wu et al. 2016), without which ten layers hardly train.
 */
import { scan } from "../graph/control.ts";
import { concat, iota, zeros, type Tensor } from "../graph/tensor.ts";
import { Attention, type AttentionKind, type AttentionMemory } from "../nn/attention.ts";
import { Dropout } from "../nn/dropout.ts";
import { Embedding } from "../nn/embedding.ts";
import { glorotInitializer, normalInitializer, uniformInitializer, zeroInitializer } from "../nn/initializer.ts";
import { linearCrossEntropy } from "../nn/loss.ts";
import { BidirectionalLstm, Lstm, type LstmState } from "../nn/lstm.ts";
import { Module, Parameter } from "../nn/module.ts";
import type { SequenceLoss, SequenceModel, StepState, TrainingOptions, TranslationBatch } from "./sequence-model.ts";

export interface Seq2SeqLstmOptions {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly hidden: number;
  readonly embedding: number;
  readonly bidirectional: boolean;
  readonly attention: AttentionKind | "none";
  readonly inputFeeding: boolean;
  readonly dropout: number;
  readonly residual: boolean;
  readonly tiedEmbeddings: "none" | "target" | "all";
  readonly bias: boolean;
  readonly forgetBias: number;
  readonly initialization: { readonly kind: "uniform"; readonly range: number } | { readonly kind: "glorot" };
}

/** What the decoder looks at: absent without attention. */
type Memory = AttentionMemory | undefined;

export class Seq2SeqLstm extends Module implements SequenceModel {
  readonly sourceEmbedding: Embedding;
  readonly targetEmbedding: Embedding;
  readonly encoder: (Lstm | BidirectionalLstm)[];
  readonly decoder: Lstm[];
  readonly attention: Attention | undefined;
  readonly outputWeight: Parameter; // [vocabulary, hidden]
  readonly outputBias: Parameter | undefined;
  readonly sourceDropout: Dropout;
  readonly targetDropout: Dropout;
  readonly encoderDropouts: Dropout[];
  readonly decoderDropouts: Dropout[];

  constructor(readonly options: Seq2SeqLstmOptions) {
    super();
    const { hidden, embedding, sourceVocabulary, targetVocabulary, initialization, tiedEmbeddings } = options;
    if (tiedEmbeddings !== "none" && embedding !== hidden) {
      throw new Error(`Tied embeddings need model.embedding = model.hidden; they are ${embedding} and ${hidden}.`);
    }
    if (tiedEmbeddings === "all" && sourceVocabulary !== targetVocabulary) {
      throw new Error(`Embeddings tied on both sides need one joint vocabulary; the sides have ${sourceVocabulary} and ${targetVocabulary} tokens.`);
    }
    if (options.inputFeeding && options.attention === "none") throw new Error("Input feeding needs attention, but model.attention is \"none\"; choose one, or leave inputFeeding out.");
    const uniform = initialization.kind === "uniform" ? uniformInitializer(initialization.range) : undefined;
    const lstm = { bias: options.bias, forgetBias: options.forgetBias, ...(uniform && { initializer: uniform }) };
    const vectors = uniform ?? normalInitializer(embedding ** -0.5);
    const layerInput = (layer: number, extra = 0): number => (layer === 0 ? embedding + extra : hidden);

    this.targetEmbedding = new Embedding(targetVocabulary, embedding, vectors);
    this.sourceEmbedding = tiedEmbeddings === "all" ? this.targetEmbedding : new Embedding(sourceVocabulary, embedding, vectors);
    const Layer = options.bidirectional ? BidirectionalLstm : Lstm;
    this.encoder = Array.from({ length: options.encoderLayers }, (_, layer) => new Layer(layerInput(layer), hidden, lstm));
    const fed = options.inputFeeding ? hidden : 0;
    this.decoder = Array.from({ length: options.decoderLayers }, (_, layer) => new Lstm(layerInput(layer, fed), hidden, lstm));
    this.attention = options.attention === "none" ? undefined
      : new Attention(options.attention, hidden, hidden, uniform ?? glorotInitializer());
    this.outputWeight = tiedEmbeddings === "none" ? new Parameter([targetVocabulary, hidden], uniform ?? glorotInitializer())
      : this.targetEmbedding.weight;
    this.outputBias = options.bias ? new Parameter([targetVocabulary], zeroInitializer) : undefined;
    const dropout = (): Dropout => new Dropout(options.dropout);
    this.sourceDropout = dropout();
    this.targetDropout = dropout();
    this.encoderDropouts = this.encoder.map(dropout);
    this.decoderDropouts = this.decoder.map(dropout);
  }

  /** Weights of the recurrent layers, biases excluded, as the paper counts them. */
  recurrentParameters(): Parameter[] {
    return [...this.encoder, ...this.decoder].flatMap((layer) => layer.parameters()).filter(({ shape }) => shape.length === 2);
  }

  loss(batch: TranslationBatch, { labelSmoothing, seed }: TrainingOptions): SequenceLoss {
    const { states, memory } = this.encodeSource(batch.source, batch.sourceLengths, seed);
    const embedded = this.targetDropout.forward(this.targetEmbedding.forward(batch.targetInput.transpose()), seed);
    const top = this.options.inputFeeding && memory !== undefined
      ? this.decodeFeeding(embedded, states, memory, seed)
      : this.decode(embedded, states, memory, seed); // [time, batch, hidden]
    const labels = batch.targetOutput.transpose();
    const real = iota(labels.shape, 0).less(batch.targetLengths).cast("float32"); // [time, batch]
    const { losses, negativeLogLikelihoods } = linearCrossEntropy(top, this.outputWeight.tensor, labels, {
      bias: this.outputBias?.tensor, labelSmoothing,
    });
    return {
      loss: losses.multiply(real).sum(),
      negativeLogLikelihoods: negativeLogLikelihoods.multiply(real).sum(0), // [batch]
    };
  }

  encode(source: Tensor, lengths: Tensor): StepState {
    const { states, memory } = this.encodeSource(source, lengths, undefined);
    const carried = Object.fromEntries(states.flatMap(({ hidden, cell }, layer) => (
      [[`hidden${layer}`, hidden], [`cell${layer}`, cell]])));
    const feeding = this.options.inputFeeding ? { attentional: zeros([source.dim(0), this.options.hidden]) } : {};
    return { carried: { ...carried, ...feeding }, memory: memory === undefined ? {} : { ...memory } };
  }

  step(tokens: Tensor, { carried, memory: fields }: StepState): { logits: Tensor; carried: Record<string, Tensor>; alignment: Tensor | undefined } {
    return this.within(() => {
      const { keys, values, mask } = fields;
      const memory = keys && values && mask ? { keys, values, mask } : undefined;
      const embedded = this.targetEmbedding.forward(tokens); // [rows, embedding]
      const states = this.decoder.map((_, layer) => ({ hidden: carriedTensor(carried, `hidden${layer}`), cell: carriedTensor(carried, `cell${layer}`) }));
      const input = this.options.inputFeeding ? concat([embedded, carriedTensor(carried, "attentional")]) : embedded;
      const next = this.stepLayers(input, states, []);
      const attended = memory && this.attendRows(next.top, memory);
      const top = attended?.output ?? next.top;
      const product = top.matmul(this.outputWeight.tensor.transpose());
      return {
        logits: this.outputBias === undefined ? product : product.add(this.outputBias.tensor), // [rows, vocabulary]
        carried: {
          ...Object.fromEntries(next.states.flatMap(({ hidden, cell }, layer) => [[`hidden${layer}`, hidden], [`cell${layer}`, cell]])),
          ...(this.options.inputFeeding ? { attentional: top } : {}),
        },
        alignment: attended?.weights,
      };
    });
  }

  /** Source int32 [batch, time] → the decoder's first states and what it attends to. */
  private encodeSource(source: Tensor, lengths: Tensor, seed: Tensor | undefined): { states: LstmState[]; memory: Memory } {
    return this.within(() => {
      const tokens = source.transpose(); // [time, batch]
      const mask = iota(tokens.shape, 0).less(lengths);
      const finals: LstmState[] = [];
      let x = this.sourceDropout.forward(this.sourceEmbedding.forward(tokens), seed);
      for (const [index, layer] of this.encoder.entries()) {
        const { outputs, final } = layer.forward(x, { mask });
        finals.push(final);
        x = this.joinLayer(x, outputs, this.encoderDropouts[index], seed);
      }
      const last = finals.length - 1;
      const states = this.decoder.map((_, layer) => finals[Math.min(layer, last)]).filter((state) => state !== undefined);
      return { states, memory: this.attention?.prepare(x.transpose([1, 0, 2]), mask.transpose()) };
    });
  }

  /** Layer by layer over the whole sequence: [time, batch, embedding] → [time, batch, hidden]. */
  private decode(embedded: Tensor, states: readonly LstmState[], memory: Memory, seed: Tensor | undefined): Tensor {
    return this.within(() => {
      let x = embedded;
      for (const [index, layer] of this.decoder.entries()) {
        const initial = states[index];
        const { outputs } = layer.forward(x, initial === undefined ? {} : { initial });
        x = this.joinLayer(x, outputs, this.decoderDropouts[index], seed);
      }
      return memory === undefined || this.attention === undefined ? x : this.attention.overTime(x, memory).output;
    });
  }

  /** Step by step, each step reading the attentional state of the one before (Luong et al. 2015, section 3.3). */
  private decodeFeeding(embedded: Tensor, states: readonly LstmState[], memory: AttentionMemory, seed: Tensor | undefined): Tensor {
    return this.within(() => {
      const batch = embedded.dim(1);
      const shape = [embedded.dim(0), batch, this.options.hidden];
      const masks = seed === undefined || this.options.dropout === 0 ? []
        : this.decoderDropouts.map((dropout) => dropout.forward(zeros(shape).add(1), seed));
      const initial = [zeros([batch, this.options.hidden]), ...states.flatMap(({ hidden, cell }) => [hidden, cell])];
      const { outputs: [top] } = scan(initial, [embedded, ...masks], ([fed, ...carried], [x, ...kept]) => {
        if (fed === undefined || x === undefined) throw new Error("A step has an input.");
        const current = this.decoder.map((_, layer) => ({ hidden: carriedAt(carried, 2 * layer), cell: carriedAt(carried, 2 * layer + 1) }));
        const next = this.stepLayers(concat([x, fed]), current, kept);
        const { output } = this.attendRows(next.top, memory);
        return { carries: [output, ...next.states.flatMap(({ hidden, cell }) => [hidden, cell])], outputs: [output] };
      });
      if (top === undefined) throw new Error("The decoder has an output.");
      return top;
    });
  }

  private stepLayers(input: Tensor, states: readonly LstmState[], masks: readonly Tensor[]): { top: Tensor; states: LstmState[] } {
    let x = input;
    const next: LstmState[] = [];
    for (const [index, layer] of this.decoder.entries()) {
      const state = states[index];
      if (state === undefined) throw new Error(`The decoder's layer ${index} has no state.`);
      const after = layer.step(x, state);
      next.push(after);
      const mask = masks[index];
      const dropped = mask === undefined ? after.hidden : after.hidden.multiply(mask);
      x = this.options.residual && x.dim(-1) === dropped.dim(-1) ? x.add(dropped) : dropped;
    }
    return { top: x, states: next };
  }

  /** queries [rows, hidden], where rows = batch · beam, against memory of the batch. */
  private attendRows(queries: Tensor, memory: AttentionMemory): { output: Tensor; weights: Tensor } {
    if (this.attention === undefined) throw new Error("The model has no attention.");
    const batch = memory.keys.dim(0);
    const { output, weights } = this.attention.forward(queries.reshape([batch, -1, this.options.hidden]), memory);
    return { output: output.reshape(queries.shape), weights: weights.reshape([queries.dim(0), memory.keys.dim(1)]) };
  }

  /** A layer's output as the next one's input: dropped out, and added to its input where residual. */
  private joinLayer(x: Tensor, outputs: Tensor, dropout: Dropout | undefined, seed: Tensor | undefined): Tensor {
    const dropped = dropout?.forward(outputs, seed) ?? outputs;
    return this.options.residual && x.dim(-1) === dropped.dim(-1) ? x.add(dropped) : dropped;
  }
}

function carriedTensor(carried: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const tensor = carried[name];
  if (tensor === undefined) throw new Error(`The decoder's state lacks "${name}".`);
  return tensor;
}

function carriedAt(carried: readonly Tensor[], index: number): Tensor {
  const tensor = carried[index];
  if (tensor === undefined) throw new Error(`The decoder's loop lacks carry ${index}.`);
  return tensor;
}
