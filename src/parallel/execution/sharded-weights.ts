import type { Engine } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import type { StateVariable } from "../../graph/state.ts";
import type { Module } from "../../nn/module.ts";
import { hiddenMatrices } from "../../optim/index.ts";
import { averageName, gradientName, gradientVariable, UpdateProgram, type UpdateOptions } from "../../train/update-program.ts";
import type { Group } from "../transport.ts";
import { pieceShape, pieceSize, shareOut, sizeOf, type HeldWeight, type Piece } from "./pieces.ts";

/**
 * The weights of one device, which each replica holds whole, and of which each updates a piece: gradients are summed
 * where they are needed, new weights gathered by all. Weights and gradients lie in one array each, on which the engine's
 * state has its views, so that they travel without being copied together.
 */
export class ShardedWeights {
  readonly parameters: readonly HeldWeight[];
  /** What each replica updates. */
  readonly shares: readonly (readonly Piece[])[];
  readonly weights: Float32Array;
  readonly gradients: Float32Array;
  readonly #state: StateStore;
  readonly #own: StateStore;
  readonly #update: UpdateProgram;
  readonly #replicas: Group;
  readonly #ownWeights: Float32Array;
  readonly #ownGradients: Float32Array;
  readonly #averages: boolean;
  readonly #place: number;
  readonly #buckets: readonly Bucket[];
  /** Sums that are under way, by bucket. */
  readonly #sums = new Map<number, Promise<void>>();

  private constructor(state: StateStore, own: StateStore, update: UpdateProgram, replicas: Group, parts: {
    buckets: readonly (readonly HeldWeight[])[]; shares: readonly (readonly Piece[])[]; averages: boolean;
  }) {
    this.parameters = parts.buckets.flat();
    this.shares = parts.shares;
    this.#buckets = layBuckets(parts.buckets, parts.shares, replicas.place);
    this.#averages = parts.averages;
    this.#state = state;
    this.#own = own;
    this.#update = update;
    this.#replicas = replicas;
    this.#place = replicas.place;
    const size = this.parameters.reduce((sum, parameter) => sum + parameter.size, 0);
    this.weights = new Float32Array(size);
    this.gradients = new Float32Array(size);
    const alone = replicas.ranks.length === 1;
    this.#ownWeights = alone ? this.weights : new Float32Array(pieceSize(this.pieces));
    this.#ownGradients = alone ? this.gradients : new Float32Array(pieceSize(this.pieces));
    this.#view();
  }

  /** `state` has the stages' programs, and so the weights at first. */
  static async compile(
    engine: Engine, state: StateStore, model: Module, buckets: readonly (readonly HeldWeight[])[], replicas: Group, options: UpdateOptions,
  ): Promise<ShardedWeights> {
    const parameters = buckets.flat();
    parameters.forEach((parameter) => { state.declare(parameter); state.declare(gradientVariable(parameter)); });
    const shares = sharesOf(model, buckets, replicas.ranks.length, options);
    const own = engine.createState();
    const firstRows = new Map(parameters.map(({ name, within }) => [name, within?.row ?? 0]));
    const variables = (shares[replicas.place] ?? []).map((piece) => variableOf(piece, firstRows.get(piece.name) ?? 0, state));
    const update = await UpdateProgram.compile(engine, own, model, variables, options);
    return new ShardedWeights(state, own, update, replicas, { buckets, shares, averages: options.averages });
  }

  /** What this replica updates. */
  get pieces(): readonly Piece[] {
    return this.shares[this.#place] ?? [];
  }

  beginStep(): void {
    this.gradients.fill(0);
  }

  /** A weight's summed gradient, to be summed further. */
  gradientOf(name: string): Float32Array {
    const gradient = this.#state.read(gradientName(name));
    if (!(gradient instanceof Float32Array)) throw new Error("Training over several processes computes in float32.");
    return gradient;
  }

  /** Begins to sum the replicas' gradients of a bucket, which are complete, unless that has begun. */
  beginSum(at: number): void {
    const bucket = this.#buckets[at];
    if (bucket === undefined || this.#sums.has(at)) return;
    const gradients = this.gradients.subarray(bucket.start, bucket.end);
    copyInto(gradients, bucket.weights.map(({ name }) => this.#state.read(gradientName(name)))); // where the engine wrote sums beside the old ones
    const sum = this.#replicas.ranks.length === 1 ? Promise.resolve() : this.#replicas.reduceScatter(gradients, bucket.counts, bucket.own(this.#ownGradients));
    sum.catch(() => undefined); // reported where it is awaited
    this.#sums.set(at, sum);
  }

  /** Sums the replicas' gradients: each gets the sum of its own pieces. */
  async reduceGradients(): Promise<void> {
    for (const at of [...this.#buckets.keys()].reverse()) this.beginSum(at);
    await Promise.all(this.#sums.values());
    this.#sums.clear();
  }

  /** Squared norm of the gradient of this replica's pieces of some weights. */
  squaredNorm(isCounted: (name: string) => boolean): number {
    let sum = 0;
    let offset = 0;
    for (const { name, size } of this.pieces) {
      if (isCounted(name)) for (let at = offset; at < offset + size; at++) sum += (this.#ownGradients[at] ?? 0) ** 2;
      offset += size;
    }
    return sum;
  }

  /** Updates this replica's pieces, and gathers those of the others. */
  async apply(scale: number, learningRate: number, averageDecay: number): Promise<void> {
    if (this.pieces.length > 0) await this.#update.run(scale, learningRate, averageDecay);
    copyInto(this.#ownWeights, this.pieces.map(({ name }) => this.#own.read(name)));
    await this.#gather(this.#ownWeights, this.weights);
  }

  /** The averages take the place of the weights, until the function ends. */
  async withAverages<T>(evaluate: () => Promise<T>): Promise<T> {
    if (!this.#averages) return evaluate();
    const averages = new Float32Array(this.weights.length);
    const own = new Float32Array(this.#ownWeights.length);
    copyInto(own, this.pieces.map(({ name }) => this.#own.read(averageName(name))));
    if (this.#replicas.ranks.length === 1) averages.set(own);
    else await this.#gather(own, averages);
    this.#install(averages);
    try {
      return await evaluate();
    } finally {
      this.#install(this.weights);
    }
  }

  /** Name of a weight with a number that is not finite. */
  brokenParameter(): string | undefined {
    return this.parameters.find(({ name }) => !this.#state.read(name).every(Number.isFinite))?.name;
  }

  /** What a checkpoint holds of this replica's pieces: weights, averages and the optimiser's variables, by name, with the piece that they are of. */
  saved(): { name: string; piece: Piece | undefined; shape: readonly number[]; data: Float32Array; kind: "weight" | "average" | "optimizer" }[] {
    if (this.pieces.length === 0) return []; // its optimiser, which never runs, counts no steps
    const longest = [...this.pieces].sort((a, b) => b.name.length - a.name.length);
    const read = (name: string): Float32Array => Float32Array.from(this.#own.read(name));
    return [
      ...this.pieces.map((piece) => ({ name: piece.name, piece, shape: pieceShape(piece), data: read(piece.name), kind: "weight" as const })),
      ...(this.#averages ? this.pieces.map((piece) => ({ name: piece.name, piece, shape: pieceShape(piece), data: read(averageName(piece.name)), kind: "average" as const })) : []),
      ...this.#update.optimizerVariables().map(({ name, shape }) => {
        const piece = longest.find((one) => name.endsWith(`.${one.name}`) && shape.join() === pieceShape(one).join());
        return { name, piece, shape, data: read(name), kind: "optimizer" as const };
      }),
    ];
  }

  /** Puts a checkpoint's tensors back, each given whole; `undefined` where there is none. */
  restore({ weight, average, optimizer }: Record<"weight" | "average" | "optimizer", (name: string) => Float32Array | undefined>, missing: (name: string) => never): void {
    let offset = 0;
    for (const { name, size, shape, within = { shape, row: 0 } } of this.parameters) {
      const start = within.row * (sizeOf(within.shape) / (within.shape[0] ?? 1));
      this.weights.set((weight(name) ?? missing(name)).subarray(start, start + size), offset);
      offset += size;
    }
    for (const { name, piece, kind, data } of this.saved()) {
      const whole = kind === "weight" ? weight(name) : kind === "average" ? average(name) : optimizer(name);
      if (whole === undefined) missing(name);
      const start = piece === undefined ? 0 : piece.row * (piece.size / piece.rows);
      this.#own.write(kind === "average" ? averageName(name) : name, whole.subarray(start, start + data.length));
    }
  }

  async dispose(): Promise<void> {
    await this.#update.dispose();
  }

  async #gather(own: Float32Array, all: Float32Array): Promise<void> {
    if (this.#replicas.ranks.length === 1) return;
    await Promise.all(this.#buckets.map((bucket) => this.#replicas.allGather(bucket.own(own), bucket.counts, all.subarray(bucket.start, bucket.end))));
  }

  /** Makes the engine's arrays views of the long ones. */
  #view(): void {
    let offset = 0;
    for (const parameter of this.parameters) {
      const [weight, gradient] = [this.weights, this.gradients].map((all) => all.subarray(offset, offset + parameter.size));
      if (weight === undefined || gradient === undefined) continue;
      weight.set(this.#state.read(parameter.name));
      this.#state.exchange(parameter.name, weight);
      this.#state.exchange(gradientName(parameter.name), gradient);
      offset += parameter.size;
    }
    let own = 0;
    for (const piece of this.pieces) {
      const end = own + piece.size;
      const [weight, gradient] = [this.#ownWeights.subarray(own, end), this.#ownGradients.subarray(own, end)];
      weight.set(this.weights.subarray(piece.offset, piece.offset + piece.size));
      this.#own.exchange(piece.name, weight);
      this.#own.exchange(gradientName(piece.name), gradient);
      own = end;
    }
  }

  #install(all: Float32Array): void {
    let offset = 0;
    for (const { name, size } of this.parameters) {
      this.#state.exchange(name, all.subarray(offset, offset + size));
      offset += size;
    }
  }
}

/** Weights whose gradients are summed together. */
interface Bucket {
  readonly weights: readonly HeldWeight[];
  /** Where it lies among all weights of the device. */
  readonly start: number;
  readonly end: number;
  /** What each replica has of it. */
  readonly counts: readonly number[];
  /** This replica's part of it, of an array of this replica's pieces. */
  readonly own: (pieces: Float32Array) => Float32Array;
}

function layBuckets(buckets: readonly (readonly HeldWeight[])[], shares: readonly (readonly Piece[])[], place: number): Bucket[] {
  let [start, ownStart] = [0, 0];
  return buckets.map((weights) => {
    const [from, to] = [start, start + weights.reduce((sum, { size }) => sum + size, 0)];
    const counts = shares.map((pieces) => pieceSize(pieces.filter(({ offset }) => offset >= from && offset < to)));
    const [ownFrom, ownTo] = [ownStart, ownStart + (counts[place] ?? 0)];
    [start, ownStart] = [to, ownTo];
    return { weights, start: from, end: to, counts, own: (pieces) => pieces.subarray(ownFrom, ownTo) };
  });
}

/** The pieces of a device's weights that each replica updates, of each bucket some. Muon's matrices stay whole. */
export function sharesOf(model: Module, buckets: readonly (readonly HeldWeight[])[], replicas: number, { optimizer }: UpdateOptions): Piece[][] {
  const matrices = new Set(optimizer.kind === "muon" ? hiddenMatrices(model).map(({ variable }) => variable.name) : []);
  const shares: Piece[][] = Array.from({ length: replicas }, () => []);
  let start = 0;
  for (const weights of buckets) {
    shareOut(weights, replicas, ({ name }) => matrices.has(name)).forEach((pieces, replica) => {
      shares[replica]?.push(...pieces.map((piece) => ({ ...piece, offset: start + piece.offset })));
    });
    start += weights.reduce((sum, { size }) => sum + size, 0);
  }
  return shares;
}

/** `firstRow` of the weight is the first that the state has. */
function variableOf(piece: Piece, firstRow: number, state: StateStore): StateVariable {
  return {
    name: piece.name, shape: pieceShape(piece), dtype: "float32",
    initialize: () => {
      const start = (piece.row - firstRow) * (piece.size / piece.rows);
      return Float32Array.from(state.read(piece.name).subarray(start, start + piece.size));
    },
  };
}

/** Lays arrays one after another, those that do not lie there already. */
function copyInto(all: Float32Array, arrays: readonly ArrayLike<number>[]): void {
  let offset = 0;
  for (const array of arrays) {
    const isThere = array instanceof Float32Array && array.buffer === all.buffer && array.byteOffset === all.byteOffset + 4 * offset;
    if (!isThere) all.set(array, offset);
    offset += array.length;
  }
}
