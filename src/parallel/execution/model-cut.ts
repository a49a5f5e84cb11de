import { dimensionValue, type DimValues } from "../../graph/dimension.ts";
import type { Signature } from "../../graph/program.ts";
import type { Tensor } from "../../graph/tensor.ts";
import type { Parameter } from "../../nn/module.ts";
import type { TrainingTask } from "../../train/training-task.ts";
import { parametersOf } from "../cut/stage-phases.ts";
import { stageOfLayers } from "../cut/stage-of-layers.ts";
import { cutStages, type StageGraph } from "../cut/stages.ts";
import { trainingGraph, validationGraph } from "../cut/task-graphs.ts";
import { modelUnits, unitsOf, type ModelUnit } from "../cut/units.ts";
import { cutVocabulary, withoutProjection, type VocabularyCut } from "../cut/vocabulary-cut.ts";
import { shardRows, WeightRows } from "../cut/vocabulary-rows.ts";
import { cutPiece, WaveCut, type PieceGraph, type StagePiece } from "../cut/wave-cut.ts";
import { bucketsOf, cutPieces } from "./buckets.ts";
import type { Layout } from "./layout.ts";
import type { HeldWeight } from "./pieces.ts";

/** Rows of the output weight and bias. */
export interface ShardWeights {
  readonly weight: WeightRows;
  readonly bias: WeightRows | undefined;
}

/** A phase of a wavefront, by stage: its first piece of time, and the others. */
export interface WavePhase {
  readonly time: string;
  readonly first: readonly StagePiece[];
  readonly next: readonly StagePiece[];
}

/** What a layout passes through its stages in pieces of time. */
export interface ModelWave {
  /** Feeds of a piece. */
  readonly signature: Signature;
  readonly phases: readonly WavePhase[];
}

/** A task's model, cut as a layout has it. All ranks find the same. */
export interface ModelCut {
  readonly loss: Tensor;
  readonly units: readonly ModelUnit[];
  /** Of each layer that is not in shards. */
  readonly stageOf: (layer: string) => number;
  /** By stage. */
  readonly training: readonly StageGraph[];
  readonly validation: readonly StageGraph[];
  readonly wave: ModelWave | undefined;
  /** Where the vocabulary is shared; of a wavefront, the training's is of a piece. */
  readonly vocabulary: { readonly training: VocabularyCut; readonly validation: VocabularyCut; readonly shards: readonly ShardWeights[] } | undefined;
  /** Of each stage, the pieces of its backward pass after which replicas exchange gradients; one, unless it is worth more. */
  readonly pieces: readonly (readonly StageGraph[])[];
  /** What each device of a replica holds. */
  readonly held: readonly (readonly HeldWeight[])[];
  /** The same, in buckets: those of the last piece are complete first. */
  readonly buckets: readonly (readonly (readonly HeldWeight[])[])[];
}

export interface CutOptions {
  /** Of a batch. */
  readonly dims: DimValues;
  /** Cost of a unit; its floating-point operations, unless given. */
  readonly costOf?: ((unit: ModelUnit) => number) | undefined;
  /** Bytes of weights that are worth a message of their own between replicas. */
  readonly bucketBytes: number;
}

/**
 * Cuts a model.
 * @throws ScheduleError where the model cannot be cut so
 */
export function cutModel(
  task: TrainingTask, layout: Layout, { dims, costOf = (unit) => dimensionValue(unit.flops, dims), bucketBytes }: CutOptions,
): ModelCut {
  const parameters = task.model.parameters();
  const loss = trainingGraph(task);
  const likelihoods = validationGraph(task);
  const wave = layout.schedule.recurrent ? new WaveCut(loss) : undefined;
  const layers = modelUnits(loss);
  const units = wave === undefined ? layers : unitsOf(wave.unlinked(), wave.links);
  const unitCost = (unit: ModelUnit): number => layers.filter((part) => part.layers.every((layer) => unit.layers.includes(layer))).reduce((sum, part) => sum + costOf(part), 0);
  const isShared = layout.shards.length > 0;
  const cuts = isShared ? { training: cutVocabulary(loss, parameters), validation: cutVocabulary(likelihoods, parameters) } : undefined;
  const { body, projection } = isShared ? withoutProjection(units) : { body: units, projection: undefined };
  const stageOf = stageOfLayers(body, layout.stages, unitCost);
  const training = cutStages([cuts?.training.hidden ?? loss], layout.stages, stageOf);
  const validation = cutStages([cuts?.validation.hidden ?? likelihoods], layout.stages, stageOf);
  const reads = Array.from({ length: layout.devices }, (_, device) => {
    const read = new Set(training.flatMap((graph, stage) => (layout.deviceOf[stage] === device ? parametersOf(graph, parameters) : [])));
    return parameters.filter((parameter) => read.has(parameter));
  });
  const last = body.filter(({ layers: [layer = ""] }) => stageOf(layer) === layout.stages - 1).reduce((sum, unit) => sum + unitCost(unit), 0);
  const shards = cuts === undefined || projection === undefined ? []
    : shardsOf(cuts.training, layout.shards.map((device) => reads[device] ?? []), { body: last, projection: unitCost(projection) });
  const held = reads.map((read, device): HeldWeight[] => {
    const { weight, bias } = shards[layout.shards.indexOf(device)] ?? {};
    const rows = [weight, bias].filter((each) => each !== undefined);
    return [...read, ...rows.filter(({ name }) => !read.some((parameter) => parameter.name === name))];
  });
  const isExchanged = layout.replicas > 1 && !layout.schedule.recurrent;
  const pieces = isExchanged ? cutPieces([cuts?.training.hidden ?? loss], body, stageOf, { stages: layout.stages, bytes: bucketBytes, parameters })
    : training.map((graph) => [graph]);
  const holders = (weight: HeldWeight): number => held.filter((holds) => holds.some(({ name }) => name === weight.name)).length;
  const buckets = held.map((holds, device) => bucketsOf(
    holds, pieces.filter((_, stage) => layout.deviceOf[stage] === device), parameters, (weight) => weight.within !== undefined || holders(weight) > 1));
  const ofWave = wave && cutWave(wave, task.signature, layout, stageOf, isShared ? parameters : undefined);
  return {
    loss, units, stageOf, training, validation, pieces, buckets, wave: ofWave?.wave, held: buckets.map((each) => each.flat()),
    vocabulary: cuts && { ...cuts, training: ofWave?.vocabulary ?? cuts.training, shards },
  };
}

/** `shared`: the parameters, where the vocabulary is in shards; the stages then end with what is projected. */
function cutWave(
  wave: WaveCut, batch: Signature, { stages }: Layout, stageOf: (layer: string) => number, shared: readonly Parameter[] | undefined,
): { wave: ModelWave; vocabulary: VocabularyCut | undefined } {
  let vocabulary: VocabularyCut | undefined;
  const cut = (piece: PieceGraph): StagePiece[] => {
    const [result] = piece.results;
    if (shared === undefined || result === undefined) return cutPiece(piece, stages, stageOf);
    vocabulary = cutVocabulary(result, shared);
    return cutPiece({ ...piece, results: [vocabulary.hidden] }, stages, stageOf);
  };
  const phases = wave.phases.map(({ time, first, next }) => ({ time, first: cut(first), next: cut(next) }));
  return { wave: { signature: wave.signature(batch), phases }, vocabulary };
}

/** `reads`: what the stages on each shard's device read. */
function shardsOf({ weight, bias }: VocabularyCut, reads: readonly (readonly Parameter[])[], costs: { body: number; projection: number }): ShardWeights[] {
  const starts = shardRows(weight.shape[0] ?? 0, reads.length, costs);
  return reads.map((read, shard) => {
    const [from = 0, to = from] = starts.slice(shard);
    return { weight: new WeightRows(weight, from, to - from, read.includes(weight)), bias: bias && new WeightRows(bias, from, to - from) };
  });
}
