import { bindDimensions } from "../../engines/dimensions.ts";
import { dimensionValue, type DimValues } from "../../graph/dimension.ts";
import { shapeSize } from "../../graph/shape.ts";
import type { ParallelConfig } from "../../train/config/parallel.ts";
import type { OptimizerConfig } from "../../train/config/config.ts";
import type { TrainingBatch, TrainingTask } from "../../train/training-task.ts";
import { withCommunication } from "../communication.ts";
import { measuredCosts, readCostProfile } from "../cut/stage-of-layers.ts";
import { activationBytes, parametersOf, stagePhases } from "../cut/stage-phases.ts";
import { validateSchedule } from "../validate.ts";
import { layoutOf } from "./layout.ts";
import { cutModel, type ModelCut } from "./model-cut.ts";
import { requireStateless } from "./parallel-programs.ts";
import { pieceSize } from "./pieces.ts";
import { sharesOf } from "./sharded-weights.ts";

export interface DryRunOptions {
  readonly processes: number;
  readonly accumulate: number;
  readonly parallel: ParallelConfig;
  readonly optimizer: OptimizerConfig;
  readonly averages: boolean;
  readonly sample: TrainingBatch;
}

/** What one device of a pipeline would hold; each replica has one like it. */
export interface PlannedDevice {
  readonly stages: readonly number[];
  readonly layers: readonly string[];
  readonly parameters: number;
  /** Weights, gradients, and the optimiser's state of the largest piece that a replica updates. */
  readonly weightBytes: number;
  /** Of the batches that are under way at once, at most. */
  readonly activationBytes: number;
}

export interface PlannedTraining {
  readonly replicas: number;
  readonly batchesPerReplica: number;
  readonly schedule: string;
  readonly bubble: number;
  readonly devices: readonly PlannedDevice[];
}

/**
 * Lays a training out over processes, in one and without weights: the model is cut, the schedule proved, memory counted.
 * @throws ScheduleError for all that `ParallelPrograms` would refuse
 */
export async function dryRun(task: TrainingTask, { processes, accumulate, parallel, optimizer, averages, sample }: DryRunOptions): Promise<PlannedTraining> {
  if (processes > 1) requireStateless(task);
  const layout = layoutOf(processes, accumulate, parallel);
  const { schedule, deviceOf } = layout;
  const { bubble, peakActivations } = validateSchedule(withCommunication(schedule));
  const dims = bindDimensions(task.signature, sample.feeds);
  const costOf = parallel.costs === undefined ? undefined : measuredCosts(await readCostProfile(parallel.costs), parallel.costs);
  const { units, stageOf, training: graphs, held, buckets, vocabulary } = cutModel(task, layout, { dims, costOf, bucketBytes: (parallel.bucketMiB ?? Infinity) * 2 ** 20 });
  const all = task.model.parameters();
  const split = schedule.devices.some((actions) => actions.some(({ kind }) => kind === "I"));
  const moments = (optimizer.kind === "sgd" ? Number(optimizer.momentum > 0) : 2) + Number(averages);
  const batchesHeld = (device: number): number => (schedule.recurrent ? 1 : peakActivations[Math.min(device, schedule.devices.length - 1)] ?? 0);
  const holds = (unit: ModelCut["units"][number], device: number): boolean => (
    vocabulary !== undefined && unit === units.at(-1) ? layout.shards.includes(device) : unit.layers.some((layer) => deviceOf[stageOf(layer)] === device));
  const devices = Array.from({ length: layout.devices }, (_, device): PlannedDevice => {
    const stages = graphs.flatMap((graph, stage) => (deviceOf[stage] === device ? [{ graph, stage }] : []));
    const parameters = held[device] ?? [];
    const largest = Math.max(0, ...sharesOf(task.model, buckets[device] ?? [], layout.replicas, { optimizer, averages }).map(pieceSize));
    const size = parameters.reduce((sum, parameter) => sum + parameter.size, 0);
    const ofBatch = stages.map(({ graph }) => activationBytes(graph, stagePhases(graph, parametersOf(graph, all), split ? "split" : "whole"), dims));
    const shard = layout.shards.indexOf(device);
    return {
      stages: stages.map(({ stage }) => stage), layers: units.filter((unit) => holds(unit, device)).flatMap(({ layers }) => layers), parameters: size,
      weightBytes: 4 * (2 * size + largest * (moments + (layout.replicas > 1 ? 2 : 0))),
      activationBytes: (Math.max(0, ...ofBatch) + (vocabulary === undefined || shard < 0 ? 0 : shardBytes(vocabulary, shard, dims))) * batchesHeld(device),
    };
  });
  return { replicas: layout.replicas, batchesPerReplica: accumulate / layout.replicas, schedule: schedule.name, bubble, devices };
}

/** What a shard of the vocabulary keeps of a batch: hidden states, a number for each position and word, and all shards' statistics. */
function shardBytes({ training: { hidden, labels }, shards }: NonNullable<ModelCut["vocabulary"]>, shard: number, dims: DimValues): number {
  const positions = dimensionValue(shapeSize(labels.shape), dims);
  const words = shards[shard]?.weight.shape[0] ?? 0;
  return 4 * (dimensionValue(shapeSize(hidden.shape), dims) + positions * (words + 4 * shards.length));
}
