import type { Engine, Executable, NumericArray } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import { int32, type Results, type Signature } from "../../graph/program.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { logSoftmax } from "../../nn/activation.ts";
import { storeParameters } from "../store-parameters.ts";
import { PrefixCache } from "./prefix-cache.ts";
import { TextMemory } from "./text-memory.ts";
import type { Distribution, LikeliestTokens, NewTokens, TokenScorer } from "./token-scorer.ts";

export interface LanguageDecoderOptions {
  /** Bytes for what is remembered of earlier texts; 0, none, by default. */
  readonly prefixBytes?: number | undefined;
}

type StepKind = { readonly kind: "best"; readonly count: number } | { readonly kind: "last" } | { readonly kind: "each" };

/**
 * A language model as a step function over batches of texts whose memories stay in the engine's arrays. Weights are
 * compiled in, or shared with what trains them; programs of steps are compiled when they are first asked for.
 *
 *     const decoder = LanguageDecoder.create(model, parameters, onnx());
 *     const memory = decoder.remember(rows, capacity);
 *     const { tokens } = await decoder.best(memory, { tokens: prompts, counts }, 1);
 */
export class LanguageDecoder implements TokenScorer<TextMemory> {
  readonly #steps = new Map<string, Promise<Executable>>();

  private constructor(
    readonly model: LanguageModel, private readonly engine: Engine, private readonly store: StateStore, private readonly frozen: boolean,
    readonly prefixes?: PrefixCache,
  ) {}

  /** @throws Error where a parameter lacks its value or a value is not of its size */
  static create(model: LanguageModel, parameters: ReadonlyMap<string, Float32Array>, engine: Engine, options: LanguageDecoderOptions = {}): LanguageDecoder {
    const store = engine.createState();
    storeParameters(store, model, parameters);
    const { prefixBytes = 0 } = options;
    const prefixes = prefixBytes > 0 ? new PrefixCache(model.memoryTypes("rows", "capacity"), prefixBytes) : undefined;
    return new LanguageDecoder(model, engine, store, true, prefixes);
  }

  /** A decoder whose weights are those of a store, as they are at each step: another program on it may train them. */
  static sharing(model: LanguageModel, store: StateStore, engine: Engine): LanguageDecoder {
    return new LanguageDecoder(model, engine, store, false);
  }

  get vocabulary(): number {
    return this.model.vocabulary;
  }

  get context(): number | undefined {
    return this.model.context;
  }

  get rewinds(): boolean {
    return this.model.rewinds;
  }

  remember(rows: number, capacity: number): TextMemory {
    return TextMemory.empty(this.model.memoryTypes("rows", "capacity"), rows, capacity);
  }

  async best(memory: TextMemory, input: NewTokens, count: number): Promise<LikeliestTokens> {
    const results = await this.#step({ kind: "best", count: Math.min(count, this.model.vocabulary) }, memory, input);
    return { values: fetched(results, "values"), tokens: fetched(results, "indices") };
  }

  async distribution(memory: TextMemory, input: NewTokens): Promise<Distribution> {
    const results = await this.#step({ kind: "last" }, memory, input);
    return { logProbabilities: fetched(results, "values"), normalizers: fetched(results, "normalizers") };
  }

  async distributions(memory: TextMemory, input: NewTokens): Promise<NumericArray> {
    return fetched(await this.#step({ kind: "each" }, memory, input), "values");
  }

  async dispose(): Promise<void> {
    for (const step of this.#steps.values()) await (await step).dispose();
    this.#steps.clear();
    this.prefixes?.clear();
  }

  async #step(kind: StepKind, memory: TextMemory, { tokens, counts }: NewTokens): Promise<Readonly<Record<string, NumericArray>>> {
    const { rows } = memory;
    const time = tokens.length / rows;
    const program = await this.#program(kind);
    const meant = counts ?? new Int32Array(rows).fill(time);
    const results = await program.run({
      tokens: { data: tokens, shape: [rows, time] }, lengths: { data: memory.lengths, shape: [rows] }, counts: { data: meant, shape: [rows] },
      ...memory.arrays,
    }, memory.allocate);
    memory.advance(results, meant);
    return results;
  }

  #program(kind: StepKind): Promise<Executable> {
    const key = JSON.stringify(kind);
    const known = this.#steps.get(key);
    if (known !== undefined) return known;
    const memory = this.model.memoryTypes("rows", "capacity");
    const program = this.engine.compile<Signature, Results>(
      { tokens: int32("rows", "time"), lengths: int32("rows"), counts: int32("rows"), ...memory },
      (feeds) => this.#build(kind, feeds, Object.keys(memory)),
      { state: this.store, frozen: this.frozen },
    );
    this.#steps.set(key, program);
    return program;
  }

  #build(kind: StepKind, feeds: Readonly<Record<string, Tensor>>, names: readonly string[]): Results {
    const feed = (name: string): Tensor => {
      const tensor = feeds[name];
      if (tensor === undefined) throw new Error(`The feed "${name}" of the decoder's program is missing.`);
      return tensor;
    };
    const held = Object.fromEntries(names.map((name) => [name, feed(name)]));
    const { logits, memory } = this.model.extend(feed("tokens"), held, {
      lengths: feed("lengths"), counts: feed("counts"), each: kind.kind === "each",
    });
    const logProbabilities = logSoftmax(logits);
    switch (kind.kind) {
      case "best":
        return { ...memory, ...logProbabilities.squeeze(1).topK(kind.count) };
      case "last":
        return { ...memory, values: logProbabilities.squeeze(1), normalizers: logits.subtract(logProbabilities).slice(2, 0, 1).reshape([-1]) };
      case "each":
        return { ...memory, values: logProbabilities };
      default:
        throw new TypeError(`unknown kind of step: ${JSON.stringify(kind satisfies never)}`);
    }
  }
}

function fetched(results: Readonly<Record<string, NumericArray>>, name: string): NumericArray {
  const array = results[name];
  if (array === undefined) throw new Error(`The engine did not return "${name}".`);
  return array;
}
