import type { IntegerArray } from "../data/collate.ts";
import type { Engine, Executable, NumericArray } from "../engines/engine.ts";
import type { StateStore } from "../engines/state-store.ts";
import type { Dim } from "../graph/dimension.ts";
import { int32, type ArrayType, type Results, type Signature } from "../graph/program.ts";
import { zeros, type Tensor } from "../graph/tensor.ts";
import type { SequenceModel } from "../models/sequence-model.ts";
import { logSoftmax, softmax } from "../nn/activation.ts";
import { storeMembers, type EnsembleMember } from "./ensemble.ts";
import { OUTPUT_TOKENS, type OutputTokens } from "./generation.ts";
import { asStateArray, type DecoderState, type StateArrays } from "./step-state.ts";

/** How the rows of one step follow from those of the step before. */
export interface StepInput {
  /** The last token of each row, int32 [batch · beam]; the rows of a sentence are neighbours. */
  readonly tokens: Int32Array;
  /** The row of the step before (at first: the sentence) that each row continues, int32 [batch · beam]. */
  readonly parents: Int32Array;
}

interface Stepped {
  readonly state: DecoderState;
  /** Weights over source positions, the mean over the members that have any: [batch · beam, source]. */
  readonly alignment: NumericArray | undefined;
}

export interface BestTokens extends Stepped {
  /** The largest log-probabilities of each row in descending order, nats: [batch · beam, count]. */
  readonly values: NumericArray;
  /** Whose they are: int32 [batch · beam, count]. */
  readonly tokens: NumericArray;
}

export interface Distribution extends Stepped {
  /** Log-probabilities of all tokens, nats: [batch · beam, vocabulary]. */
  readonly logProbabilities: NumericArray;
}

/** Next tokens whose probabilities are asked for; a row may be asked about several, or none. */
export interface AskedTokens {
  /** After which rows of the step, int32 [asked]. */
  readonly rows: Int32Array;
  /** int32 [asked]. */
  readonly tokens: Int32Array;
}

export interface Likelihoods extends Stepped {
  /** Log-probabilities of the tokens asked for, nats: [asked]. */
  readonly logProbabilities: NumericArray;
}

type StepKind = { readonly kind: "best"; readonly count: number } | { readonly kind: "all" } | { readonly kind: "asked" };

interface StatePlan {
  /** Feeds of the step by name; `carried0.hidden1` is the field `hidden1` of the first member. */
  readonly carried: Signature;
  readonly memory: Signature;
}

/**
 * One or several models as a step function over batches of hypotheses. Probabilities of an ensemble are the mean of its
 * members'. Weights are compiled in; programs of steps are compiled when they are first asked for.
 *
 *     const decoder = await SequenceDecoder.create([{ model, parameters }], onnx());
 *     const state = await decoder.encode(source, lengths);
 *     const { values, tokens } = await decoder.best(state, { tokens: starts, parents: rows }, 5);
 */
export class SequenceDecoder {
  readonly #models: readonly SequenceModel[];
  readonly #engine: Engine;
  readonly #store: StateStore;
  readonly #encoder: Executable;
  readonly #plan: StatePlan;
  readonly #steps = new Map<string, Promise<Executable>>();

  private constructor(
    models: readonly SequenceModel[], engine: Engine, store: StateStore, encoder: Executable, plan: StatePlan,
    /** Size of the target vocabulary. */
    readonly vocabulary: number,
    readonly special: OutputTokens,
  ) {
    this.#models = models;
    this.#engine = engine;
    this.#store = store;
    this.#encoder = encoder;
    this.#plan = plan;
  }

  /** @throws Error where there is no model, a parameter lacks its value, or the vocabularies differ. */
  static async create(members: readonly EnsembleMember[], engine: Engine, special = OUTPUT_TOKENS): Promise<SequenceDecoder> {
    const models = members.map(({ model }) => model);
    const store = storeMembers(members, engine);
    const carried: Record<string, ArrayType> = {};
    const memory: Record<string, ArrayType> = {};
    let vocabulary = 0;
    const encoder = await engine.compile<Signature, Results>(
      { source: int32("batch", "source"), lengths: int32("batch") },
      ({ source, lengths }) => {
        const results: Record<string, Tensor> = {};
        models.forEach((model, index) => {
          const state = model.encode(required(source), required(lengths));
          const first = firstStep(model, state);
          const next = Object.fromEntries(prefixed(`carried${index}`, first.carried));
          for (const [name, tensor] of prefixed(`carried${index}`, state.carried)) {
            results[name] = tensor;
            carried[name] = carriedType(name, tensor, next[name]);
          }
          for (const [name, tensor] of prefixed(`memory${index}`, state.memory)) {
            results[name] = tensor;
            memory[name] = { dtype: tensor.dtype, shape: tensor.shape };
          }
          vocabulary = vocabularyOf(first.logits, vocabulary);
        });
        return results;
      },
      { state: store, frozen: true },
    );
    return new SequenceDecoder(models, engine, store, encoder, { carried, memory }, vocabulary, special);
  }

  /** Reads sources, int32 [batch, time], of the given lengths [batch]. Each row of the state is then one sentence. */
  async encode(source: IntegerArray, lengths: IntegerArray): Promise<DecoderState> {
    const results = await this.#encoder.run({ source, lengths });
    return {
      batch: source.shape[0] ?? 0,
      carried: statesOf(results, this.#plan.carried),
      memory: statesOf(results, this.#plan.memory),
    };
  }

  /** The `count` likeliest next tokens of each row (all, where the vocabulary has fewer). */
  async best(state: DecoderState, input: StepInput, count: number): Promise<BestTokens> {
    const { results, stepped } = await this.#step({ kind: "best", count: Math.min(count, this.vocabulary) }, state, input);
    return { ...stepped, values: fetched(results, "values"), tokens: fetched(results, "indices") };
  }

  /** The distribution over next tokens of each row. */
  async distribution(state: DecoderState, input: StepInput): Promise<Distribution> {
    const { results, stepped } = await this.#step({ kind: "all" }, state, input);
    return { ...stepped, logProbabilities: fetched(results, "values") };
  }

  /** How likely given next tokens are. */
  async likelihoods(state: DecoderState, input: StepInput, asked: AskedTokens): Promise<Likelihoods> {
    const { results, stepped } = await this.#step({ kind: "asked" }, state, input, asked);
    return { ...stepped, logProbabilities: fetched(results, "values") };
  }

  /** Frees what the engine keeps. */
  async dispose(): Promise<void> {
    await this.#encoder.dispose();
    for (const step of this.#steps.values()) await (await step).dispose();
    this.#steps.clear();
  }

  async #step(
    kind: StepKind, state: DecoderState, { tokens, parents }: StepInput, asked?: AskedTokens,
  ): Promise<{ results: Readonly<Record<string, NumericArray>>; stepped: Stepped }> {
    const shape = [state.batch, tokens.length / state.batch];
    const program = await this.#program(kind);
    const results = await program.run({
      tokens: { data: tokens, shape }, parents: { data: parents, shape },
      ...(asked && { asked: { data: this.#placesOf(asked), shape: [asked.tokens.length] } }),
      ...state.carried, ...state.memory,
    });
    const stepped = {
      state: { batch: state.batch, memory: state.memory, carried: statesOf(results, this.#plan.carried) },
      alignment: results["alignment"],
    };
    return { results, stepped };
  }

  /** Where the tokens asked for stand among the distributions of all rows, one after the other. */
  #placesOf({ rows, tokens }: AskedTokens): Int32Array {
    return tokens.map((token, at) => (rows[at] ?? 0) * this.vocabulary + token);
  }

  #program(kind: StepKind): Promise<Executable> {
    const key = JSON.stringify(kind);
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const grid = int32("batch", "beam");
    const program = this.#engine.compile<Signature, Results>(
      { tokens: grid, parents: grid, ...(kind.kind === "asked" && { asked: int32("asked") }), ...this.#plan.carried, ...this.#plan.memory },
      (feeds) => this.#buildStep(kind, feeds),
      { state: this.#store, frozen: true },
    );
    this.#steps.set(key, program);
    return program;
  }

  #buildStep(kind: StepKind, feeds: Readonly<Record<string, Tensor>>): Results {
    const parents = required(feeds["parents"]).reshape([-1]); // [batch · beam]
    const tokens = required(feeds["tokens"]).reshape([-1]);
    const carried: Record<string, Tensor> = {};
    const logits: Tensor[] = [];
    const alignments: Tensor[] = [];
    this.#models.forEach((model, index) => {
      const continued = fieldsOf(`carried${index}`, feeds).map(([name, tensor]) => [name, tensor.take(parents)] as const);
      const step = model.step(tokens, {
        carried: Object.fromEntries(continued), memory: Object.fromEntries(fieldsOf(`memory${index}`, feeds)),
      });
      logits.push(step.logits);
      if (step.alignment !== undefined) alignments.push(step.alignment);
      for (const [name, tensor] of prefixed(`carried${index}`, step.carried)) carried[name] = tensor;
    });
    const alignment = alignments.length === 0 ? {} : { alignment: meanOf(alignments) };
    return { ...carried, ...alignment, ...resultsOf(kind, logProbabilitiesOf(logits), feeds["asked"]) };
  }
}

/** log p(token) under the mean of the members' distributions: [rows, vocabulary]. */
function logProbabilitiesOf(logits: readonly Tensor[]): Tensor {
  const [first, ...others] = logits;
  if (first === undefined) throw new Error("A decoder has at least one model.");
  return others.length === 0 ? logSoftmax(first) : meanOf(logits.map(softmax)).log();
}

function resultsOf(kind: StepKind, logProbabilities: Tensor, asked: Tensor | undefined): Record<string, Tensor> {
  switch (kind.kind) {
    case "best":
      return logProbabilities.topK(kind.count);
    case "all":
      return { values: logProbabilities };
    case "asked":
      return { values: logProbabilities.reshape([-1]).take(required(asked)) };
    default:
      throw new TypeError(`unknown kind of step: ${JSON.stringify(kind satisfies never)}`);
  }
}

function meanOf(tensors: readonly Tensor[]): Tensor {
  const [first, ...others] = tensors;
  if (first === undefined) throw new Error("The mean of no tensors was asked for.");
  return others.reduce((sum, tensor) => sum.add(tensor), first).divide(tensors.length);
}

/** A model's step from what it starts from, which shows what it carries and how many tokens it chooses from. */
function firstStep(model: SequenceModel, state: ReturnType<SequenceModel["encode"]>): ReturnType<SequenceModel["step"]> {
  const batch = Object.values(state.carried)[0]?.dim(0) ?? "batch";
  return model.step(zeros([batch], "int32"), state);
}

/** The type of a carried tensor between steps. An axis that is empty at first and gains one place a step has the length of the past. */
function carriedType(name: string, first: Tensor, next: Tensor | undefined): ArrayType {
  const shape = first.shape.slice(1).map((dim, at): Dim => {
    const after = next?.dim(at + 1);
    if (dim === after) return dim;
    if (dim === 0 && after === 1) return "past";
    throw new Error(`A step turns "${name}" [${first.shape.join(", ")}] into [${next?.shape.join(", ") ?? "nothing"}]; its axes stay as they are, or grow from 0 by 1.`);
  });
  return { dtype: first.dtype, shape: ["previous", ...shape] };
}

/** The size of the vocabulary, which a step's logits show. Throws where it differs from the other members'. */
function vocabularyOf(logits: Tensor, known: number): number {
  const size = logits.dim(-1);
  if (typeof size !== "number") throw new Error("The target vocabulary must have a known size.");
  if (known !== 0 && known !== size) {
    throw new Error(`The members of the ensemble write vocabularies of ${known} and ${size} tokens; they must share one.`);
  }
  return size;
}

function prefixed(prefix: string, fields: Readonly<Record<string, Tensor>>): [string, Tensor][] {
  return Object.entries(fields).map(([name, tensor]) => [`${prefix}.${name}`, tensor]);
}

function fieldsOf(prefix: string, feeds: Readonly<Record<string, Tensor>>): [string, Tensor][] {
  return Object.entries(feeds).flatMap(([name, tensor]): [string, Tensor][] => (
    name.startsWith(`${prefix}.`) ? [[name.slice(prefix.length + 1), tensor]] : []));
}

function statesOf(results: Readonly<Record<string, NumericArray>>, signature: Signature): StateArrays {
  return Object.fromEntries(Object.entries(signature).map(([name, { dtype }]) => [name, asStateArray(fetched(results, name), dtype)]));
}

function fetched(results: Readonly<Record<string, NumericArray>>, name: string): NumericArray {
  const array = results[name];
  if (array === undefined) throw new Error(`The engine did not return "${name}".`);
  return array;
}

function required(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error("A feed of the decoder's program is missing.");
  return tensor;
}
