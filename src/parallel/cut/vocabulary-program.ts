import { bindDimensions } from "../../engines/dimensions.ts";
import { emptyArray, type Engine, type Executable, type Feeds, type NumericArray } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import { isNode } from "../../graph/node.ts";
import { int32, type Signature, type StateUpdate } from "../../graph/program.ts";
import { resolveShape } from "../../graph/shape.ts";
import { placeholder } from "../../graph/control.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { ArrayPool } from "./array-pool.ts";
import { VocabularyGraphs } from "./vocabulary-graphs.ts";
import type { VocabularyCut } from "./vocabulary-cut.ts";
import type { WeightRows } from "./vocabulary-rows.ts";

export interface VocabularyProgramOptions {
  readonly signature: Signature;
  readonly cut: VocabularyCut;
  readonly rows: { readonly weight: WeightRows; readonly bias: WeightRows | undefined };
  /** Which shard it is, and of how many. */
  readonly shard: number;
  readonly shards: number;
  /** Whether gradients are taken. */
  readonly trains: boolean;
}

/** What a shard has of one micro-batch. */
export interface ShardRecord {
  readonly feeds: Readonly<Record<string, NumericArray>>;
  /** [4, positions] */
  readonly statistics: NumericArray;
  readonly exponentials: NumericArray | undefined;
}

/** One shard's part of the projection onto the vocabulary and its cross-entropy, compiled. */
export class VocabularyProgram {
  readonly #options: VocabularyProgramOptions;
  readonly #graphs: VocabularyGraphs;
  readonly #forward: Executable;
  readonly #result: Executable | undefined;
  readonly #backward: Executable | undefined;
  readonly #pool = new ArrayPool();

  private constructor(options: VocabularyProgramOptions, graphs: VocabularyGraphs, programs: {
    forward: Executable; result: Executable | undefined; backward: Executable | undefined;
  }) {
    this.#options = options;
    this.#graphs = graphs;
    this.#forward = programs.forward;
    this.#result = programs.result;
    this.#backward = programs.backward;
  }

  /** The first shard also says what the loss is, or -log p. Gradients are added to those in the state. */
  static async compile(engine: Engine, state: StateStore, options: VocabularyProgramOptions): Promise<VocabularyProgram> {
    const { signature, cut, rows, shard, shards, trains } = options;
    const graphs = new VocabularyGraphs(cut, rows, shards);
    const batch = { ...signature, seed: int32() };
    const { statistics, exponentials } = graphs.forward();
    const compile = (given: readonly Tensor[], results: Record<string, Tensor>, updates: StateUpdate[] = []): Promise<Executable> => (
      engine.compile({ ...batch, ...feedsOf(given) }, () => ({ ...results, updates }), { state }));
    const forward = await compile([graphs.hidden], { statistics, ...(trains && { exponentials }) });
    const result = shard === 0 ? await compile(graphs.statistics, { result: graphs.result() }) : undefined;
    if (!trains) return new VocabularyProgram(options, graphs, { forward, result, backward: undefined });
    const kept = placeholder(EXPONENTIALS, exponentials);
    const { byHidden, byWeight, byBias } = graphs.slopes(kept, shard);
    const backward = await compile([graphs.hidden, kept, ...graphs.statistics], { byHidden }, [
      rows.weight.addGradient(byWeight), ...(rows.bias === undefined || byBias === undefined ? [] : [rows.bias.addGradient(byBias)]),
    ]);
    return new VocabularyProgram(options, graphs, { forward, result, backward });
  }

  /** Empty arrays for hidden states, or their gradient, and for a shard's statistics. */
  arrays(batch: Feeds<Signature>): { hidden: NumericArray<Float32Array>; statistics: NumericArray<Float32Array> } {
    const dims = bindDimensions(this.#options.signature, batch);
    const empty = ({ shape }: Pick<Tensor, "shape">): NumericArray<Float32Array> => {
      const sizes = resolveShape(shape, dims);
      return { data: new Float32Array(sizes.reduce((product, size) => product * size, 1)), shape: sizes };
    };
    return { hidden: empty(this.#graphs.hidden), statistics: empty(this.#graphs.statistics[0] ?? this.#graphs.hidden) };
  }

  async forward(batch: Feeds<Signature>, seed: number, hidden: NumericArray): Promise<ShardRecord> {
    const feeds = { ...batch, seed: { data: Int32Array.of(seed | 0), shape: [] }, [nameOf(this.#graphs.hidden)]: hidden };
    const fetched: Readonly<Record<string, NumericArray | undefined>> = await this.#forward.run(
      feeds as Feeds<Signature>, (name, dtype, length) => (name === "exponentials" ? this.#pool.take(dtype, length) : emptyArray(dtype, length)));
    return { feeds, statistics: required(fetched["statistics"]), exponentials: fetched["exponentials"] };
  }

  /** Sum of what the loss comes to, given the statistics of all shards in their order. */
  async result({ feeds }: ShardRecord, statistics: readonly NumericArray[]): Promise<number> {
    const fetched: Readonly<Record<string, NumericArray | undefined>> = await this.#result?.run(this.#withStatistics(feeds, statistics)) ?? {};
    let sum = 0;
    for (const value of required(fetched["result"]).data) sum += value;
    return sum;
  }

  /** The gradient by the hidden states, as far as it comes from here. The micro-batch ends with it. */
  async backward({ feeds, exponentials }: ShardRecord, statistics: readonly NumericArray[]): Promise<NumericArray> {
    const kept = required(exponentials);
    const given = { ...this.#withStatistics(feeds, statistics), [EXPONENTIALS]: kept };
    const fetched: Readonly<Record<string, NumericArray | undefined>> = await this.#backward?.run(given as Feeds<Signature>) ?? {};
    this.#pool.give(kept);
    return required(fetched["byHidden"]);
  }

  async dispose(): Promise<void> {
    for (const program of [this.#forward, this.#result, this.#backward]) await program?.dispose();
  }

  #withStatistics(feeds: ShardRecord["feeds"], statistics: readonly NumericArray[]): Feeds<Signature> {
    const named = Object.fromEntries(this.#graphs.statistics.map((tensor, at) => [nameOf(tensor), required(statistics[at])]));
    return { ...feeds, ...named } as Feeds<Signature>;
  }
}

const EXPONENTIALS = "vocabulary.exponentials";

function feedsOf(placeholders: readonly Tensor[]): Signature {
  return Object.fromEntries(placeholders.map((tensor) => [nameOf(tensor), { shape: tensor.shape, dtype: tensor.dtype }]));
}

function nameOf({ node }: Tensor): string {
  return isNode(node, "input") ? node.attributes.name : "";
}

function required(array: NumericArray | undefined): NumericArray {
  if (array === undefined) throw new Error("The shard of the vocabulary lacks an array of this micro-batch; its actions are out of order.");
  return array;
}
