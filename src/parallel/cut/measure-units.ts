import type { Engine, NumericArray } from "../../engines/engine.ts";
import type { Module } from "../../nn/module.ts";
import type { TrainingBatch, TrainingTask } from "../../train/training-task.ts";
import { gradientVariable, UpdateProgram, type UpdateOptions } from "../../train/update-program.ts";
import type { CostUnit } from "../cost-profile.ts";
import { StageProgram, type StageRecord } from "./stage-program.ts";
import { parametersOf } from "./stage-phases.ts";
import { cutStages } from "./stages.ts";
import { trainingGraph } from "./task-graphs.ts";
import { modelUnits } from "./units.ts";

export interface MeasureOptions extends UpdateOptions {
  /** How often each unit is run; its times are medians. */
  readonly rounds?: number;
  /** Milliseconds that have passed. Processor time tells more than wall time where one thread computes and others want the core too. */
  readonly clock?: () => number;
  /** Called as units are done. */
  readonly onProgress?: (done: number, of: number) => void;
}

/** What the parts of a model take for one micro-batch: each is compiled as a stage of its own, and run. */
export async function measureUnits(
  engine: Engine, task: TrainingTask, batch: TrainingBatch, { rounds = 5, clock = () => performance.now(), onProgress = () => undefined, ...update }: MeasureOptions,
): Promise<CostUnit[]> {
  const loss = trainingGraph(task);
  const units = modelUnits(loss);
  const stageOf = (layer: string): number => units.findIndex(({ layers }) => layers.includes(layer));
  const graphs = cutStages([loss], units.length, stageOf);
  const parameters = task.model.parameters();
  const state = engine.createState();
  const secondsAWeight = await updateSeconds(engine, task.model, update, { rounds, clock });
  const seconds = async (work: () => Promise<unknown>): Promise<number> => {
    const started = clock();
    await work();
    return (clock() - started) / 1000;
  };
  const programs: StageProgram[] = [];
  for (const graph of graphs) {
    programs.push(await StageProgram.compile(engine, state, { signature: task.signature, graph, parameters, backward: "split" }));
    onProgress(programs.length, units.length);
  }
  const times = programs.map(() => ({ F: [] as number[], I: [] as number[], W: [] as number[] }));
  const bytes = programs.map(() => ({ kept: 0, output: 0 }));
  for (let round = 0; round <= rounds; round++) { // the first warms up
    const records: StageRecord[] = [];
    let passed: NumericArray[] = [];
    for (const [at, program] of programs.entries()) {
      const taken = await seconds(async () => {
        const { outputs, record } = await program.forward(batch.feeds, round, passed);
        passed = outputs;
        records.push(record);
      });
      if (round > 0) times[at]?.F.push(taken);
      bytes[at] = { kept: keptBytes(records[at], batch), output: at === programs.length - 1 ? 0 : sizeInBytes(passed) };
    }
    let slopes: NumericArray[] = [];
    for (const [at, program] of [...programs.entries()].reverse()) {
      const record = records[at] ?? new Map<string, NumericArray>();
      const byInputs = await seconds(async () => { slopes = await program.backwardByInputs(record, slopes); });
      const byWeights = await seconds(() => program.backwardByWeights(record));
      program.finish(record);
      if (round === 0) continue;
      times[at]?.I.push(byInputs);
      times[at]?.W.push(byWeights);
    }
  }
  for (const program of programs) await program.dispose();
  const counted = new Set<string>(); // a tied weight is updated once
  return units.map(({ layers }, at) => {
    const own = parametersOf(graphs[at] ?? { outputs: [] }, parameters).filter(({ name }) => !counted.has(name));
    own.forEach(({ name }) => counted.add(name));
    const size = own.reduce((sum, parameter) => sum + parameter.size, 0);
    return {
      name: layers.join("+"), forward: median(times[at]?.F), inputGradient: median(times[at]?.I), weightGradient: median(times[at]?.W),
      update: size * secondsAWeight, parameterBytes: 4 * size, activationBytes: bytes[at]?.kept ?? 0, outputBytes: bytes[at]?.output ?? 0,
      vocabulary: at === units.length - 1,
    };
  });
}

/** Seconds that the optimiser takes for one weight of many. */
async function updateSeconds(engine: Engine, model: Module, options: UpdateOptions, { rounds, clock }: { rounds: number; clock: () => number }): Promise<number> {
  const state = engine.createState();
  const parameters = model.parameters();
  parameters.forEach((parameter) => { state.declare(parameter); state.declare(gradientVariable(parameter)); });
  const program = await UpdateProgram.compile(engine, state, model, parameters, options);
  const times: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const started = clock();
    await program.run(0, 0, 1);
    if (round > 0) times.push((clock() - started) / 1000);
  }
  await program.dispose();
  return median(times) / parameters.reduce((sum, { size }) => sum + size, 0);
}

function keptBytes(record: StageRecord | undefined, { feeds }: TrainingBatch): number {
  return sizeInBytes([...record ?? []].flatMap(([name, array]) => (Object.hasOwn(feeds, name) ? [] : [array])));
}

function sizeInBytes(arrays: readonly NumericArray[]): number {
  return arrays.reduce((sum, { data }) => sum + data.byteLength, 0);
}

function median(values: readonly number[] = []): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
