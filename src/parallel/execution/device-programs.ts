import type { Engine } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import type { SeededBatch } from "../../train/step-programs.ts";
import type { TrainingBatch, TrainingTask } from "../../train/training-task.ts";
import type { Backward } from "../cut/stage-phases.ts";
import { StageChain } from "../cut/stage-chain.ts";
import { StageProgram } from "../cut/stage-program.ts";
import type { StageGraph } from "../cut/stages.ts";
import type { StagePiece } from "../cut/wave-cut.ts";
import type { Transport } from "../transport.ts";
import { placeOf, type Layout } from "./layout.ts";
import type { ModelCut, ModelWave } from "./model-cut.ts";
import { Pipeline } from "./pipeline.ts";
import { compileShard } from "./vocabulary-shards.ts";
import { Wavefront, type PieceProgram, type WavePrograms } from "./wavefront.ts";

/** What one device computes of a training: its stages, and its shard of the vocabulary. */
export interface DevicePrograms {
  /**
   * Does its part of a step, and adds to the gradients of the state. Gives the summed loss where the last stage is, 0
   * elsewhere. `finished` is called with the number of each bucket of the device's weights whose gradients are complete.
   */
  train(batches: readonly SeededBatch[], finished: (bucket: number) => Promise<void>): Promise<number>;
  /** Forward passes alone. Gives -log p of all targets where the last stage is, 0 elsewhere. */
  evaluate(batches: AsyncIterable<TrainingBatch>): Promise<number>;
  dispose(): Promise<void>;
}

interface Compiler {
  readonly engine: Engine;
  readonly state: StateStore;
  readonly task: TrainingTask;
  readonly layout: Layout;
  readonly device: number;
}

export async function compileDevice(engine: Engine, state: StateStore, task: TrainingTask, transport: Transport, layout: Layout, cut: ModelCut): Promise<DevicePrograms> {
  const compiler = { engine, state, task, layout, device: placeOf(transport.rank, layout).device };
  const isSplit = layout.schedule.devices.some((actions) => actions.some(({ kind }) => kind === "I"));
  const training = cut.wave === undefined ? await compileStages(compiler, cut.training, task.signature, isSplit ? "split" : "whole") : new Map<number, StageProgram>();
  const wave = cut.wave && await compileWave(compiler, cut.wave);
  const validation = await compileStages(compiler, cut.validation, task.validationSignature, "none");
  const vocabulary = await compileShard(engine, state, task, transport, layout, cut);
  const chains = new Map<number, StageChain>();
  for (const [stage, graphs] of cut.pieces.entries()) {
    if (graphs.length < 2 || !training.has(stage)) continue;
    chains.set(stage, await StageChain.compile(engine, state, { signature: task.signature, graphs, parameters: task.model.parameters(), backward: isSplit ? "split" : "whole" }));
  }
  const pipeline = new Pipeline(transport, layout, { training, chains, validation, vocabulary });
  const wavefront = cut.wave === undefined || wave === undefined ? undefined : new Wavefront(transport, layout, task, cut.wave, { programs: wave, vocabulary });
  const first = firstBuckets(cut.pieces, [...training.keys()]);
  const programs = [...training.values(), ...chains.values(), ...(wave ?? []).flatMap(({ first, next }) => [first.program, next.program]), ...validation.values()];
  return {
    train: (batches, finished) => wavefront?.train(batches) ?? pipeline.train(batches, (stage, piece) => finished((first.get(stage) ?? 0) + piece)),
    evaluate: (batches) => pipeline.evaluate(batches),
    dispose: async () => { for (const program of [...programs, ...(vocabulary === undefined ? [] : [vocabulary])]) await program.dispose(); },
  };
}

async function compileStages(
  { engine, state, task, layout, device }: Compiler, graphs: readonly StageGraph[], signature: TrainingTask["signature"], backward: Backward,
): Promise<Map<number, StageProgram>> {
  const parameters = task.model.parameters();
  const programs = new Map<number, StageProgram>();
  for (const [stage, graph] of graphs.entries()) {
    if (layout.deviceOf[stage] === device) programs.set(stage, await StageProgram.compile(engine, state, { signature, graph, parameters, backward }));
  }
  return programs;
}

/** Of each phase the device's stage, which has the device's number. */
async function compileWave({ engine, state, task, device }: Compiler, { signature, phases }: ModelWave): Promise<WavePrograms[]> {
  const parameters = task.model.parameters();
  const compilePiece = async (piece: StagePiece): Promise<PieceProgram> => (
    { piece, program: await StageProgram.compile(engine, state, { signature, graph: piece, parameters, backward: "whole" }) });
  const compiled: WavePrograms[] = [];
  for (const { first, next } of phases) {
    const pieces = [first[device], next[device]];
    if (pieces[0] !== undefined && pieces[1] !== undefined) compiled.push({ first: await compilePiece(pieces[0]), next: await compilePiece(pieces[1]) });
  }
  return compiled;
}

/** The bucket of the first piece of each stage of a device. */
function firstBuckets(pieces: ModelCut["pieces"], stages: readonly number[]): Map<number, number> {
  let next = 0;
  return new Map([...stages].sort((a, b) => a - b).map((stage) => {
    const first = next;
    next += pieces[stage]?.length ?? 1;
    return [stage, first];
  }));
}
