import type { NumericArray } from "../../engines/engine.ts";
import type { SeededBatch } from "../../train/step-programs.ts";
import type { TrainingBatch } from "../../train/training-task.ts";
import type { StageProgram, StageRecord } from "../cut/stage-program.ts";
import { formatAction, isComputation, type Action } from "../schedule.ts";
import type { Transport } from "../transport.ts";
import { placeOf, rankOf, type Layout } from "./layout.ts";
import type { VocabularyShards } from "./vocabulary-shards.ts";

/** Arrays that cross a border together have numbers below this. */
const ARRAYS = 64;

/** One device of a pipeline: its stages, and what it exchanges with the devices of the stages beside them. */
export class Pipeline {
  readonly #transport: Transport;
  readonly #layout: Layout;
  readonly #device: number;
  readonly #replica: number;
  /** By stage. */
  readonly #training: ReadonlyMap<number, StageProgram>;
  readonly #validation: ReadonlyMap<number, StageProgram>;
  /** This device's shard, if it has one: the last stage's device does it beside its stage. */
  readonly #vocabulary: VocabularyShards | undefined;

  constructor(transport: Transport, layout: Layout, programs: {
    training: ReadonlyMap<number, StageProgram>; validation: ReadonlyMap<number, StageProgram>; vocabulary?: VocabularyShards | undefined;
  }) {
    this.#transport = transport;
    this.#layout = layout;
    ({ device: this.#device, replica: this.#replica } = placeOf(transport.rank, layout));
    this.#training = programs.training;
    this.#validation = programs.validation;
    this.#vocabulary = programs.vocabulary;
  }

  /**
   * Does its part of a step: the batches pass through all stages and their gradients back; those by weights are added to
   * the state's. Gives the summed loss where the last stage is, 0 elsewhere.
   */
  async train(batches: readonly SeededBatch[]): Promise<number> {
    if (this.#vocabulary?.isAlone === true) {
      await this.#vocabulary.train(batches);
      return 0;
    }
    const actions = (this.#layout.schedule.devices[this.#device] ?? []).filter(isComputation);
    const exchange = new Exchange(this.#transport, this.#layout, this.#replica);
    const records = new Map<string, StageRecord>();
    const expected = actions.map((action) => this.#expects(action));
    const expect = (index: number): void => {
      const [action, what] = [actions[index], expected[index]];
      const batch = action && batches[action.microBatch];
      if (action && what && batch) exchange.expect(what, action.microBatch, () => this.#arrays(action, batch.batch));
    };
    let loss = 0;
    for (const [index, action] of actions.entries()) {
      const { kind, stage, microBatch } = action;
      const [program, batch] = [this.#training.get(stage), batches[microBatch]];
      if (program === undefined || batch === undefined) throw new Error(`This device cannot do ${formatAction(action)}.`);
      const what = expected[index];
      expect(index);
      const given = what === undefined ? [] : await exchange.take(what, microBatch);
      expect(index + 1); // under way while this one computes
      if (this.#vocabulary !== undefined && this.#isLast(stage) && (kind === "I" || kind === "B")) {
        const { loss: part, slope } = await this.#vocabulary.end(microBatch);
        loss += part;
        given.push(slope);
      }
      const key = `${stage}.${microBatch}`;
      const end = (record: StageRecord): void => {
        records.delete(key);
        program.finish(record);
      };
      switch (kind) {
        case "F": {
          const { outputs, record } = await program.forward(batch.batch.feeds, batch.seed, given);
          records.set(key, record);
          if (this.#isLast(stage)) {
            if (this.#vocabulary === undefined) loss += Number(outputs[0]?.data[0]);
            else await this.#vocabulary.begin(batch, microBatch, outputs);
          } else exchange.send("F", stage, stage + 1, microBatch, outputs);
          break;
        }
        case "I":
        case "B": {
          const record = records.get(key) ?? missing(action);
          const slopes = await program.backwardByInputs(record, given);
          if (stage > 0) exchange.send("B", stage, stage - 1, microBatch, slopes);
          if (kind === "B") end(record);
          break;
        }
        case "W": {
          const record = records.get(key) ?? missing(action);
          await program.backwardByWeights(record);
          end(record);
          break;
        }
        default:
          kind satisfies never;
      }
    }
    await exchange.finish();
    await this.#vocabulary?.finish();
    return loss;
  }

  /** Forward passes alone, one batch after another. Gives -log p of all targets where the last stage is, 0 elsewhere. */
  async evaluate(batches: AsyncIterable<TrainingBatch>): Promise<number> {
    const exchange = new Exchange(this.#transport, this.#layout, this.#replica);
    if (this.#vocabulary !== undefined) {
      const hiddenOf = (batch: TrainingBatch, index: number): Promise<NumericArray[]> => this.#pass(exchange, batch, index);
      const likelihoods = await this.#vocabulary.evaluate(batches, this.#vocabulary.isAlone ? undefined : hiddenOf);
      await exchange.finish();
      return likelihoods;
    }
    let [sum, index] = [0, 0];
    for await (const batch of batches) for (const likelihood of (await this.#pass(exchange, batch, index++))[0]?.data ?? []) sum += likelihood;
    await exchange.finish();
    return sum;
  }

  /** A forward pass through this device's stages. Gives what the last stage puts out, nothing elsewhere. */
  async #pass(exchange: Exchange, { feeds }: TrainingBatch, index: number): Promise<NumericArray[]> {
    for (const [stage, program] of [...this.#validation].sort(([a], [b]) => a - b)) {
      const crossing = { direction: "F", from: stage - 1, to: stage } as const;
      if (stage > 0) exchange.expect(crossing, index, () => program.inputArrays(program.dimensions(feeds)));
      const given = stage === 0 ? [] : await exchange.take(crossing, index);
      const { outputs } = await program.forward(feeds, 0, given);
      if (this.#isLast(stage)) return outputs;
      exchange.send("F", stage, stage + 1, index, outputs);
    }
    return [];
  }

  #isLast(stage: number): boolean {
    return stage === this.#layout.stages - 1;
  }

  /** What an action waits for from another stage. */
  #expects({ kind, stage }: Action): Crossing | undefined {
    if (kind === "F") return stage === 0 ? undefined : { direction: "F", from: stage - 1, to: stage };
    if (kind === "W" || this.#isLast(stage)) return undefined;
    return { direction: "B", from: stage + 1, to: stage };
  }

  #arrays({ kind, stage }: Action, { feeds }: TrainingBatch): NumericArray<Float32Array>[] {
    const program = this.#training.get(stage);
    if (program === undefined) return [];
    const dims = program.dimensions(feeds);
    return kind === "F" ? program.inputArrays(dims) : program.slopeArrays(dims);
  }
}

/** What goes from a stage to one beside it: activations forward, or their gradients backward. */
interface Crossing {
  readonly direction: "F" | "B";
  readonly from: number;
  readonly to: number;
}

/** What stages hand each other during one step, within a device or between two. */
class Exchange {
  readonly #transport: Transport;
  readonly #layout: Layout;
  readonly #replica: number;
  /** What this device has handed to itself, or has asked another for. */
  readonly #arrivals = new Map<string, Promise<NumericArray[]>>();
  readonly #sends: Promise<void>[] = [];

  constructor(transport: Transport, layout: Layout, replica: number) {
    this.#transport = transport;
    this.#layout = layout;
    this.#replica = replica;
  }

  send(direction: Crossing["direction"], from: number, to: number, microBatch: number, arrays: readonly NumericArray[]): void {
    const rank = this.#rankOf(to);
    if (rank === this.#transport.rank) {
      this.#arrivals.set(keyOf({ direction, from, to }, microBatch), Promise.resolve([...arrays]));
      return;
    }
    arrays.forEach(({ data }, at) => {
      const sent = this.#transport.send(rank, this.#tag(direction, to, microBatch, at), data);
      sent.catch(() => undefined); // reported by `finish`
      this.#sends.push(sent);
    });
  }

  /** Asks another device for arrays that will be taken. */
  expect(crossing: Crossing, microBatch: number, makeArrays: () => NumericArray<Float32Array>[]): void {
    const key = keyOf(crossing, microBatch);
    const rank = this.#rankOf(crossing.from);
    if (rank === this.#transport.rank || this.#arrivals.has(key)) return;
    const arrival = Promise.all(makeArrays().map(async (array, at) => {
      await this.#transport.receive(rank, this.#tag(crossing.direction, crossing.to, microBatch, at), array.data);
      return array;
    }));
    arrival.catch(() => undefined); // reported where it is awaited
    this.#arrivals.set(key, arrival);
  }

  /** Waits for what was expected, or was handed over within the device. */
  async take(crossing: Crossing, microBatch: number): Promise<NumericArray[]> {
    const key = keyOf(crossing, microBatch);
    const arrays = await this.#arrivals.get(key);
    if (arrays === undefined) throw new Error(`Stage ${crossing.to} takes what stage ${crossing.from} has not handed over; the schedule is out of order.`);
    this.#arrivals.delete(key);
    return arrays;
  }

  /** Waits until everything has been sent. */
  async finish(): Promise<void> {
    await Promise.all(this.#sends);
  }

  #rankOf(stage: number): number {
    return rankOf({ replica: this.#replica, device: this.#layout.deviceOf[stage] ?? 0 }, this.#layout);
  }

  #tag(direction: Crossing["direction"], to: number, microBatch: number, array: number): number {
    const { stages } = this.#layout.schedule;
    return ((microBatch * stages + to) * 2 + (direction === "F" ? 0 : 1)) * ARRAYS + array;
  }
}

function keyOf({ direction, to }: Crossing, microBatch: number): string {
  return `${direction}.${to}.${microBatch}`;
}

function missing(action: Action): never {
  throw new Error(`${formatAction(action)} comes before its forward pass.`);
}
