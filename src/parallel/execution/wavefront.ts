import { bindDimensions } from "../../engines/dimensions.ts";
import type { NumericArray } from "../../engines/engine.ts";
import type { SeededBatch } from "../../train/step-programs.ts";
import type { TrainingTask } from "../../train/training-task.ts";
import type { StageProgram, StageRecord } from "../cut/stage-program.ts";
import type { StagePiece } from "../cut/wave-cut.ts";
import type { Transport } from "../transport.ts";
import { addArrays } from "./add-arrays.ts";
import { Exchange, type Crossing } from "./exchange.ts";
import { placeOf, type Layout } from "./layout.ts";
import type { ModelWave } from "./model-cut.ts";
import { cutTime, pieceFeeds, type TimePiece } from "./time-pieces.ts";
import type { VocabularyShards } from "./vocabulary-shards.ts";

/** A stage's part of a piece of time, and its program. */
export interface PieceProgram {
  readonly piece: StagePiece;
  readonly program: StageProgram;
}

/** Of a phase. */
export interface WavePrograms {
  readonly first: PieceProgram;
  readonly next: PieceProgram;
}

/** A batch on its way through a device's stage. */
interface Passage {
  readonly batch: SeededBatch;
  readonly pieces: readonly (TimePiece & { readonly feeds: SeededBatch["batch"]["feeds"]; readonly record: { current?: StageRecord } })[];
  /** States by their number, and the gradients by them. */
  readonly states: Map<number, NumericArray>;
  readonly slopes: Map<number, NumericArray>;
}

interface WaveAction {
  readonly kind: "F" | "B";
  readonly passage: Passage;
  /** Which batch's passage it is, and which of its pieces. */
  readonly batch: number;
  readonly at: number;
}

/**
 * One device of a wavefront (Sutskever, Vinyals and Le 2014, section 3.5): a batch passes in pieces of time, and a stage
 * goes on with the next piece while the stage after it has the one before. States go from piece to piece within the
 * stage, and from the source's layers to the target's; gradients run back the way they came.
 */
export class Wavefront {
  readonly #transport: Transport;
  readonly #layout: Layout;
  readonly #task: TrainingTask;
  readonly #wave: ModelWave;
  readonly #stage: number;
  readonly #replica: number;
  /** By phase; of the device's stage, unless it has nothing but a shard of the vocabulary. */
  readonly #programs: readonly WavePrograms[];
  readonly #vocabulary: VocabularyShards | undefined;

  constructor(transport: Transport, layout: Layout, task: TrainingTask, wave: ModelWave, { programs, vocabulary }: {
    programs: readonly WavePrograms[]; vocabulary: VocabularyShards | undefined;
  }) {
    this.#transport = transport;
    this.#layout = layout;
    this.#task = task;
    this.#wave = wave;
    ({ device: this.#stage, replica: this.#replica } = placeOf(transport.rank, layout));
    this.#programs = programs;
    this.#vocabulary = vocabulary;
  }

  /** Does its part of a step, one batch after the other. Gives the summed loss where the last stage is, 0 elsewhere. */
  async train(batches: readonly SeededBatch[]): Promise<number> {
    const passages = batches.map((batch) => this.#passage(batch));
    if (this.#vocabulary?.isAlone === true) {
      await this.#trainShard(this.#vocabulary, passages);
      return 0;
    }
    const actions = passages.flatMap((passage, batch): WaveAction[] => {
      const forward = passage.pieces.map((_, at): WaveAction => ({ kind: "F", passage, batch, at }));
      return [...forward, ...forward.map((action): WaveAction => ({ ...action, kind: "B" })).reverse()];
    });
    const exchange = new Exchange(this.#transport, this.#layout, this.#replica);
    const expect = (action: WaveAction | undefined): void => {
      const what = action && this.#expects(action);
      if (action !== undefined && what !== undefined) exchange.expect(what, action.at, () => this.#arrivals(action));
    };
    let loss = 0;
    for (const [index, action] of actions.entries()) {
      expect(action);
      const what = this.#expects(action);
      const given = what === undefined ? [] : await exchange.take(what, action.at);
      expect(actions[index + 1]); // under way while this one computes
      loss += action.kind === "F" ? await this.#forward(action, given, exchange) : await this.#backward(action, given, exchange);
    }
    await exchange.finish();
    await this.#vocabulary?.finish();
    return loss;
  }

  async #forward(action: WaveAction, given: readonly NumericArray[], exchange: Exchange): Promise<number> {
    const { passage: { batch, states, pieces }, at } = action;
    const { piece, program } = this.#programOf(action);
    const current = present(pieces[at]);
    const { outputs, record } = await program.forward(current.feeds, batch.seed, [...given, ...piece.begins.map((state) => present(states.get(state)))]);
    current.record.current = record;
    const crossing = outputs.slice(0, outputs.length - piece.ends.length);
    piece.ends.forEach((state, index) => states.set(state, present(outputs[crossing.length + index])));
    if (!this.#isLast) exchange.send("F", this.#stage, this.#stage + 1, at, crossing);
    else if (this.#vocabulary === undefined) return this.#hasLoss(action) ? Number(crossing[0]?.data[0]) : 0;
    else if (this.#hasLoss(action)) await this.#vocabulary.begin(this.#seeded(action), this.#keyOf(action), crossing);
    return 0;
  }

  async #backward(action: WaveAction, given: readonly NumericArray[], exchange: Exchange): Promise<number> {
    const { passage: { slopes, pieces }, at } = action;
    const { piece, program } = this.#programOf(action);
    const current = present(pieces[at]);
    const record = present(current.record.current);
    const empty = program.slopeArrays(program.dimensions(current.feeds));
    const crossing = empty.length - piece.ends.length;
    const end = this.#isLast && this.#hasLoss(action) ? await this.#vocabulary?.end(this.#keyOf(action)) : undefined;
    const received = end === undefined ? given : [end.slope];
    const byStates = piece.ends.map((state, index) => slopes.get(state) ?? present(empty[crossing + index]));
    piece.ends.forEach((state) => slopes.delete(state));
    const results = await program.backwardByInputs(record, [...Array.from({ length: crossing }, (_, index) => received[index]), ...byStates]);
    const border = results.length - piece.begins.length;
    piece.begins.forEach((state, index) => {
      const slope = present(results[border + index]);
      const later = slopes.get(state);
      if (later === undefined) slopes.set(state, slope);
      else addArrays(later, slope);
    });
    if (this.#stage > 0) exchange.send("B", this.#stage, this.#stage - 1, at, results.slice(0, border));
    program.finish(record);
    return end?.loss ?? 0;
  }

  /** A device that has nothing but its shard takes part in the pieces that are projected. */
  async #trainShard(vocabulary: VocabularyShards, passages: readonly Passage[]): Promise<void> {
    const projected = passages.flatMap((passage, batch) => passage.pieces.flatMap((_, at) => {
      const action: WaveAction = { kind: "F", passage, batch, at };
      return this.#hasLoss(action) ? [{ action, key: this.#keyOf(action) }] : [];
    }));
    const batches: SeededBatch[] = [];
    for (const { action, key } of projected) batches[key] = this.#seeded(action);
    const actions = passages.flatMap((passage) => {
      const forward = projected.filter(({ action }) => action.passage === passage).map(({ key }) => ({ kind: "F" as const, stage: this.#layout.stages, microBatch: key }));
      return [...forward, ...forward.map((action) => ({ ...action, kind: "B" as const })).reverse()];
    });
    await vocabulary.train(batches, actions);
  }

  #passage(batch: SeededBatch): Passage {
    const { signature } = this.#task;
    const times = this.#wave.phases.map(({ time }) => time);
    const dims = bindDimensions(signature, batch.batch.feeds);
    const pieces = cutTime(times.map((time) => dims.get(time) ?? 0), this.#layout.schedule.microBatches);
    return {
      batch, states: new Map(), slopes: new Map(),
      pieces: pieces.map((piece) => ({ ...piece, record: {}, feeds: pieceFeeds(batch.batch.feeds, signature, times, dims, piece) })),
    };
  }

  #programOf({ passage, at }: WaveAction): PieceProgram {
    const { phase, isFirst } = present(passage.pieces[at]);
    const programs = present(this.#programs[phase]);
    return isFirst ? programs.first : programs.next;
  }

  /** What an action waits for from another stage. */
  #expects({ kind }: WaveAction): Crossing | undefined {
    if (kind === "F") return this.#stage === 0 ? undefined : { direction: "F", from: this.#stage - 1, to: this.#stage };
    return this.#isLast ? undefined : { direction: "B", from: this.#stage + 1, to: this.#stage };
  }

  #arrivals(action: WaveAction): NumericArray<Float32Array>[] {
    const { piece, program } = this.#programOf(action);
    const dims = program.dimensions(present(action.passage.pieces[action.at]).feeds);
    const [arrays, own] = action.kind === "F" ? [program.inputArrays(dims), piece.begins] : [program.slopeArrays(dims), piece.ends];
    return arrays.slice(0, arrays.length - own.length);
  }

  get #isLast(): boolean {
    return this.#stage === this.#layout.stages - 1;
  }

  /** The last phase ends with the loss. */
  #hasLoss({ passage, at }: WaveAction): boolean {
    return passage.pieces[at]?.phase === this.#wave.phases.length - 1;
  }

  #seeded({ passage: { batch: { batch, seed }, pieces }, at }: WaveAction): SeededBatch {
    return { batch: { ...batch, feeds: present(pieces[at]).feeds }, seed };
  }

  /** A number for a piece that no other of the step has. */
  #keyOf({ batch, at }: WaveAction): number {
    return batch * (this.#layout.schedule.microBatches + this.#wave.phases.length) + at;
  }
}

function present<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error("The wavefront lacks a part of a piece; its actions are out of order.");
  return value;
}
