import type { Engine, NumericArray } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import type { SeededBatch } from "../../train/step-programs.ts";
import type { TrainingBatch, TrainingTask } from "../../train/training-task.ts";
import { VocabularyProgram, type ShardRecord } from "../cut/vocabulary-program.ts";
import { formatAction, isComputation } from "../schedule.ts";
import type { Transport } from "../transport.ts";
import { addArrays } from "./add-arrays.ts";
import { placeOf, rankOf, type Layout } from "./layout.ts";
import type { ModelCut } from "./model-cut.ts";

/** What shards send each other, and under which tags. */
const MESSAGES = ["hidden", "statistics", "slope"] as const;
type Message = (typeof MESSAGES)[number];

interface UnderWay {
  readonly program: VocabularyProgram;
  readonly batch: TrainingBatch;
  readonly record: ShardRecord;
  /** Of all shards, in their order. */
  readonly statistics: Promise<NumericArray[]>;
}

/**
 * This device's shard of the vocabulary. Hidden states come from the device of the last stage, which has the first shard;
 * each shard sends its statistics to all others, and the first adds up what comes back.
 */
export class VocabularyShards {
  readonly #transport: Transport;
  readonly #layout: Layout;
  readonly #shard: number;
  readonly #replica: number;
  readonly #programs: { readonly training: VocabularyProgram; readonly validation: VocabularyProgram };
  readonly #underWay = new Map<number, UnderWay>();
  #sends: Promise<void>[] = [];

  constructor(transport: Transport, layout: Layout, programs: { training: VocabularyProgram; validation: VocabularyProgram }) {
    const { replica, device } = placeOf(transport.rank, layout);
    this.#transport = transport;
    this.#layout = layout;
    this.#shard = layout.shards.indexOf(device);
    this.#replica = replica;
    this.#programs = programs;
  }

  /** Whether this device has nothing but its shard. */
  get isAlone(): boolean {
    return this.#shard > 0;
  }

  /** A step's part of a device that has nothing but its shard; `actions` are of micro-batches by their places. */
  async train(batches: readonly SeededBatch[], actions = (this.#layout.schedule.devices[this.#layout.stages] ?? []).filter(isComputation)): Promise<void> {
    const forwards = actions.flatMap(({ kind, microBatch }) => (kind === "F" ? [microBatch] : []));
    const arrivals = new Map<number, Promise<NumericArray>>();
    const expect = (place: number): void => {
      const microBatch = forwards[place];
      const batch = microBatch === undefined ? undefined : batches[microBatch];
      if (microBatch === undefined || batch === undefined || arrivals.has(microBatch)) return;
      arrivals.set(microBatch, this.#receive(0, "hidden", microBatch, this.#programs.training.arrays(batch.batch.feeds).hidden));
    };
    for (const action of actions) {
      const { kind, microBatch } = action;
      const batch = batches[microBatch];
      if (batch === undefined) throw new Error(`This device cannot do ${formatAction(action)}.`);
      if (kind === "F") {
        const place = forwards.indexOf(microBatch);
        expect(place);
        const hidden = await arrivals.get(microBatch);
        arrivals.delete(microBatch);
        expect(place + 1); // under way while this one computes
        if (hidden !== undefined) await this.#forward(this.#programs.training, batch, microBatch, hidden);
      } else if (kind !== "W") {
        this.#send(0, "slope", microBatch, await this.#backward(microBatch));
      }
    }
    await this.finish();
  }

  /** The first shard's part of a micro-batch, whose hidden states it hands to the others. */
  async begin(batch: SeededBatch, microBatch: number, [hidden]: readonly NumericArray[]): Promise<void> {
    if (hidden === undefined) throw new Error("The last stage puts out hidden states.");
    this.#others().forEach((shard) => { this.#send(shard, "hidden", microBatch, hidden); });
    await this.#forward(this.#programs.training, batch, microBatch, hidden);
  }

  /** The loss of a micro-batch, and its derivative by the hidden states: what all shards contribute, added in their order. */
  async end(microBatch: number): Promise<{ loss: number; slope: NumericArray }> {
    const { program, batch, record, statistics } = this.#of(microBatch);
    const parts = this.#others().map((shard) => this.#receive(shard, "slope", microBatch, program.arrays(batch.feeds).hidden));
    const loss = await program.result(record, await statistics);
    const slope = await this.#backward(microBatch);
    for (const part of await Promise.all(parts)) addArrays(slope, part);
    return { loss, slope };
  }

  /** Forward passes alone. Gives -log p of all targets where the first shard is, 0 elsewhere. `hiddenOf`: the first shard's. */
  async evaluate(batches: AsyncIterable<TrainingBatch>, hiddenOf?: (batch: TrainingBatch, index: number) => Promise<NumericArray[]>): Promise<number> {
    const { validation } = this.#programs;
    let [sum, index] = [0, 0];
    const finishBatch = async (at: number): Promise<void> => {
      const { record, statistics } = this.#of(at);
      this.#underWay.delete(at);
      const all = await statistics;
      if (this.#shard === 0) sum += await validation.result(record, all);
    };
    for await (const batch of batches) {
      const [hidden] = hiddenOf === undefined ? [await this.#receive(0, "hidden", index, validation.arrays(batch.feeds).hidden)] : await hiddenOf(batch, index);
      if (hidden === undefined) throw new Error("The last stage puts out hidden states.");
      if (this.#shard === 0) this.#others().forEach((shard) => { this.#send(shard, "hidden", index, hidden); });
      await this.#forward(validation, { batch, seed: 0 }, index, hidden);
      if (index > 0) await finishBatch(index - 1); // the other shards have had the time of a batch
      index++;
    }
    if (index > 0) await finishBatch(index - 1);
    await this.finish();
    return sum;
  }

  /** Waits until everything has been sent. */
  async finish(): Promise<void> {
    await Promise.all(this.#sends);
    this.#sends = [];
  }

  async dispose(): Promise<void> {
    await this.#programs.training.dispose();
    await this.#programs.validation.dispose();
  }

  async #forward(program: VocabularyProgram, { batch, seed }: SeededBatch, microBatch: number, hidden: NumericArray): Promise<void> {
    const record = await program.forward(batch.feeds, seed, hidden);
    this.#others().forEach((shard) => { this.#send(shard, "statistics", microBatch, record.statistics); });
    const statistics = Promise.all(this.#layout.shards.map((_, shard) => (
      shard === this.#shard ? Promise.resolve(record.statistics) : this.#receive(shard, "statistics", microBatch, program.arrays(batch.feeds).statistics))));
    statistics.catch(() => undefined); // reported where it is awaited
    this.#underWay.set(microBatch, { program, batch, record, statistics });
  }

  async #backward(microBatch: number): Promise<NumericArray> {
    const { program, record, statistics } = this.#of(microBatch);
    this.#underWay.delete(microBatch);
    return program.backward(record, await statistics);
  }

  #of(microBatch: number): UnderWay {
    const underWay = this.#underWay.get(microBatch);
    if (underWay === undefined) throw new Error(`The vocabulary's part of micro-batch ${microBatch} has not begun; the schedule is out of order.`);
    return underWay;
  }

  #others(): number[] {
    return this.#layout.shards.flatMap((_, shard) => (shard === this.#shard ? [] : [shard]));
  }

  #send(shard: number, message: Message, microBatch: number, { data }: NumericArray): void {
    const sent = this.#transport.send(this.#rankOf(shard), tagOf(message, microBatch), data);
    sent.catch(() => undefined); // reported by `finish`
    this.#sends.push(sent);
  }

  #receive(shard: number, message: Message, microBatch: number, into: NumericArray<Float32Array>): Promise<NumericArray> {
    const arrival = this.#transport.receive(this.#rankOf(shard), tagOf(message, microBatch), into.data).then(() => into);
    arrival.catch(() => undefined); // reported where it is awaited
    return arrival;
  }

  #rankOf(shard: number): number {
    return rankOf({ replica: this.#replica, device: this.#layout.shards[shard] ?? 0 }, this.#layout);
  }
}

/** The shard of the vocabulary of this device, if it has one. */
export async function compileShard(
  engine: Engine, state: StateStore, task: TrainingTask, transport: Transport, layout: Layout, { vocabulary, wave }: ModelCut,
): Promise<VocabularyShards | undefined> {
  const shard = layout.shards.indexOf(placeOf(transport.rank, layout).device);
  const rows = vocabulary?.shards[shard];
  if (vocabulary === undefined || rows === undefined) return undefined;
  const shared = { rows, shard, shards: layout.shards.length };
  return new VocabularyShards(transport, layout, {
    training: await VocabularyProgram.compile(engine, state, { ...shared, signature: wave?.signature ?? task.signature, cut: vocabulary.training, trains: true }),
    validation: await VocabularyProgram.compile(engine, state, { ...shared, signature: task.validationSignature, cut: vocabulary.validation, trains: false }),
  });
}

/** Messages under one tag keep their order; those of micro-batches under way at once have tags of their own. */
function tagOf(message: Message, microBatch: number): number {
  return (microBatch % 1024) * MESSAGES.length + MESSAGES.indexOf(message);
}
