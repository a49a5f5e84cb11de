import { setImmediate } from "node:timers/promises";
import { bindDimensions } from "../../engines/dimensions.ts";
import type { Engine } from "../../engines/engine.ts";
import { dimensionValue } from "../../graph/dimension.ts";
import { CheckpointError, type Checkpoint } from "../../train/checkpoint/checkpoint.ts";
import { matchParameters } from "../../train/run/open-run.ts";
import type { BatchResult, SavedTensors, SeededBatch, StepPrograms } from "../../train/step-programs.ts";
import type { CompileTaskOptions } from "../../train/team.ts";
import { rawName } from "../../train/training-state.ts";
import { trainingFlops } from "../../train/training-programs.ts";
import type { BatchSource, TrainingBatch, TrainingTask } from "../../train/training-task.ts";
import { measuredCosts, readCostProfile } from "../cut/stage-of-layers.ts";
import { ScheduleError } from "../schedule.ts";
import type { Group, Transport } from "../transport.ts";
import { layoutOf, placeOf, rankOf, type Layout } from "./layout.ts";
import { compileDevice, type DevicePrograms } from "./device-programs.ts";
import { cutModel } from "./model-cut.ts";
import { gatherSaved } from "./saved-pieces.ts";
import { describeStrangers, digestOf } from "./same-weights.ts";
import { ShardedWeights } from "./sharded-weights.ts";
import { countedWeights, tiedGradient, tiesOf, type Tie } from "./ties.ts";

interface Parts {
  readonly transport: Transport;
  readonly layout: Layout;
  readonly task: TrainingTask;
  readonly world: Group;
  readonly replicas: Group;
  /** What this device holds with others of its replica. */
  readonly ties: readonly { readonly tie: Tie; readonly group: Group }[];
  /** Weights that count for the norm here. */
  readonly counted: ReadonlySet<string>;
  readonly device: DevicePrograms;
  readonly weights: ShardedWeights;
  readonly averages: boolean;
  readonly checkEvery: number;
  readonly flops: (batch: TrainingBatch) => number;
}

/**
 * One rank's part of the computations of a training: stages of a pipeline, which is replicated. All ranks call the same
 * functions in the same order and get the same numbers.
 */
export class ParallelPrograms implements StepPrograms {
  readonly #parts: Parts;
  #steps = 0;

  private constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** `world`: the group of all ranks. */
  static async compile(engine: Engine, task: TrainingTask, { transport, world }: Pick<Parts, "transport" | "world">, options: CompileTaskOptions): Promise<ParallelPrograms> {
    requireStateless(task);
    const { parallel, accumulate, sample, averages } = options;
    const layout = layoutOf(transport.size, accumulate, parallel);
    const place = placeOf(transport.rank, layout);
    const dims = bindDimensions(task.signature, sample.feeds);
    const costOf = parallel.costs === undefined ? undefined : measuredCosts(await broadcastJson(world, world.place === 0 ? await readCostProfile(parallel.costs) : undefined), parallel.costs);
    const cut = cutModel(task, layout, { dims, costOf, bucketBytes: (parallel.bucketMiB ?? Infinity) * 2 ** 20 });
    const state = engine.createState();
    const parameters = task.model.parameters();
    const device = await compileDevice(engine, state, task, transport, layout, cut);
    // Who holds what follows from the cut, so that every rank knows it of all others.
    const ranksOf = (devices: readonly number[]): number[] => devices.map((device) => rankOf({ replica: place.replica, device }, layout));
    const replicas = await transport.group(Array.from({ length: layout.replicas }, (_, replica) => rankOf({ replica, device: place.device }, layout)));
    const ties: { tie: Tie; group: Group }[] = [];
    for (const tie of tiesOf(parameters, cut, layout)) {
      if (tie.devices.includes(place.device)) ties.push({ tie, group: await transport.group(ranksOf(tie.devices)) });
    }
    const weights = await ShardedWeights.compile(engine, state, task.model, cut.buckets[place.device] ?? [], replicas, options);
    const countFlops = trainingFlops(cut.loss);
    return new ParallelPrograms({
      transport, layout, task, world, replicas, ties, device, weights, averages, checkEvery: parallel.checkEvery,
      counted: countedWeights(parameters, cut, place.device),
      flops: ({ feeds }) => dimensionValue(countFlops, bindDimensions(task.signature, feeds)),
    });
  }

  async gradient(batches: readonly SeededBatch[]): Promise<BatchResult> {
    const { layout, device, weights, ties, counted, transport, world } = this.#parts;
    const each = batches.length / layout.replicas;
    const { replica } = placeOf(transport.rank, layout);
    weights.beginStep();
    const loss = await device.train(batches.slice(replica * each, (replica + 1) * each), async (bucket) => {
      if (bucket === 0) return; // it comes last, with what other devices have a part in
      weights.beginSum(bucket);
      await setImmediate(); // messages move on before the engine has this thread again
    });
    for (const { tie, group } of ties) await group.allReduce(tiedGradient(tie, weights));
    await weights.reduceGradients();
    const sums = Float64Array.of(loss, weights.squaredNorm((name) => counted.has(name)));
    await world.allReduce(sums);
    return { loss: sums[0] ?? NaN, squaredNorm: sums[1] ?? NaN };
  }

  async apply(scale: number, learningRate: number, averageDecay = 1): Promise<void> {
    await this.#parts.weights.apply(scale, learningRate, averageDecay);
    this.#steps++;
    if (this.#steps % this.#parts.checkEvery === 0) await this.#requireSameWeights();
  }

  async evaluateAll(batches: BatchSource): Promise<{ loss: number; targetTokens: number }> {
    const { layout, device, weights, transport, world } = this.#parts;
    const { replica } = placeOf(transport.rank, layout);
    let targetTokens = 0;
    const own = async function* (): AsyncGenerator<TrainingBatch> {
      for (let index = 0; index < batches.batchesInEpoch(0); index++) {
        const batch = await batches.batch(0, index);
        targetTokens += batch.targetTokens;
        if (index % layout.replicas === replica) yield batch;
      }
    };
    const loss = Float64Array.of(await weights.withAverages(() => device.evaluate(own())));
    await world.allReduce(loss);
    return { loss: loss[0] ?? NaN, targetTokens };
  }

  flops(batch: TrainingBatch): number {
    return this.#parts.flops(batch);
  }

  async agree(stop: boolean): Promise<boolean> {
    const votes = Float64Array.of(Number(stop));
    await this.#parts.world.allReduce(votes);
    return (votes[0] ?? 0) > 0;
  }

  async brokenParameter(): Promise<string | undefined> {
    const { weights, task } = this.#parts;
    const parameters = task.model.parameters();
    const broken = weights.brokenParameter();
    const places = await this.#numbers(broken === undefined ? parameters.length : parameters.findIndex(({ name }) => name === broken));
    return parameters[Math.min(...places)]?.name;
  }

  save(): Promise<SavedTensors> {
    const { transport, weights, averages } = this.#parts;
    return gatherSaved(transport, weights, averages);
  }

  async restore(checkpoint: Checkpoint): Promise<void> {
    const { task: { model }, transport, weights, world } = this.#parts;
    if (transport.rank === 0) matchParameters(model, checkpoint.model, checkpoint.path);
    const tensors = { model: await broadcastTensors(world, checkpoint.model), optimizer: await broadcastTensors(world, checkpoint.optimizer) };
    weights.restore({
      weight: (name) => tensors.optimizer.get(rawName(name)) ?? tensors.model.get(name),
      average: (name) => tensors.model.get(name),
      optimizer: (name) => tensors.optimizer.get(name),
    }, (name) => {
      throw new CheckpointError(`The checkpoint ${checkpoint.path} lacks the optimiser's "${name}"; it was made with another optimiser.`);
    });
  }

  async dispose(): Promise<void> {
    await this.#parts.device.dispose();
    await this.#parts.weights.dispose();
  }

  /** A number of each rank, on all. */
  async #numbers(own: number): Promise<number[]> {
    const { world, transport } = this.#parts;
    const all = new Float64Array(transport.size);
    all[transport.rank] = own;
    await world.allReduce(all);
    return [...all];
  }

  /** Replicas that no longer have the same weights have gone apart for good. */
  async #requireSameWeights(): Promise<void> {
    const { weights, layout } = this.#parts;
    const digests = await this.#numbers(digestOf(weights.weights));
    const strangers = describeStrangers(digests, layout.devices);
    if (strangers === undefined) return;
    throw new ScheduleError(`After ${this.#steps} steps ${strangers}. Go on from the newest checkpoint, on other hardware.`);
  }
}

/** A state that goes from batch to batch leaves nothing to do side by side. */
export function requireStateless({ signature }: TrainingTask): void {
  if (signature["continued"] === undefined) return;
  throw new ScheduleError('The model carries its state from batch to batch, so that the batches of a step follow each other and cannot be shared out among processes: '
    + 'train with one process, or set training.order to "shuffled", by which each stretch of text begins without a past.');
}

/** The tensors of the first rank, on all. */
async function broadcastTensors(world: Group, tensors: Checkpoint["model"]): Promise<Map<string, Float32Array>> {
  const described = await broadcastJson(world, [...tensors].map(([name, { data }]) => ({ name, length: data.length })));
  const all = new Map<string, Float32Array>();
  for (const { name, length } of described) {
    const data = world.place === 0 ? Float32Array.from(tensors.get(name)?.data ?? []) : new Float32Array(length);
    await world.broadcast(data);
    all.set(name, data);
  }
  return all;
}

/** A value of the first rank, on all. */
export async function broadcastJson<T>(group: Group, value: T | undefined): Promise<T> {
  const own = new TextEncoder().encode(group.place === 0 ? JSON.stringify(value) : "");
  const length = Int32Array.of(own.length);
  await group.broadcast(length);
  const bytes = group.place === 0 ? own : new Uint8Array(length[0] ?? 0);
  await group.broadcast(bytes);
  return JSON.parse(new TextDecoder().decode(bytes)) as T;
}
