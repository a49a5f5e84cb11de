import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus } from "node:os";
import type { Command } from "commander";
import { onnx } from "../engines/onnx/engine.ts";
import type { CostProfile, CostUnit } from "../parallel/cost-profile.ts";
import { measureUnits } from "../parallel/cut/measure-units.ts";
import { workOf } from "../parallel/plan/placement.ts";
import { loadAnyConfig } from "../train/config/load.ts";
import { openTraining } from "../train/open-training.ts";
import { withCompanions } from "./companions.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger, positiveNumber, setOption } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";

/** Said when measuring begins. */
const COMPILED = "parts are compiled; measuring each";

interface ProfileFlags {
  readonly output?: string;
  readonly bandwidth: number;
  readonly latency: number;
  readonly rounds: number;
  readonly devices: number;
  readonly threads?: number;
  readonly set: readonly string[];
  readonly json?: boolean;
}

export function addProfile(program: Command, io: Io): void {
  program.command("profile")
    .description("measure what each part of a model takes for one batch on this machine, for `decade plan` and to balance stages")
    .argument("<config>", "configuration: a .ts, .js or .json file")
    .option("--output <file>", "write it there, as JSON")
    .option("--bandwidth <GB/s>", "of the link between two devices; stated, not measured: `npm run bench -- transport` measures it", positiveNumber, 5)
    .option("--latency <microseconds>", "of that link; stated too", positiveNumber, 20)
    .option("--rounds <count>", "how often each part is run; times are medians", positiveInteger, 5)
    .option("--devices <count>", "devices that share this machine: how much they slow each other down is measured too", positiveInteger, 1)
    .option("--threads <count>", "threads of one operation, in place of the configuration's", positiveInteger)
    .addOption(setOption())
    .addOption(jsonOption())
    .action((config: string, flags: ProfileFlags) => runProfile(config, flags, io));
}

async function runProfile(file: string, flags: ProfileFlags, io: Io): Promise<void> {
  await prepareOutputs(flags.output);
  const config = await loadAnyConfig(file, flags.set);
  const threads = flags.threads ?? config.engine.threads ?? Math.max(1, Math.floor(availableParallelism() / flags.devices));
  const { task, batches } = await openTraining(config);
  const batch = await batches.batch(0, 0);
  const { optimizer, average } = config.training;
  const measure = (): Promise<CostUnit[]> => measureUnits(onnx({ threads }), task, batch, {
    optimizer, averages: average !== undefined, rounds: flags.rounds, ...(threads === 1 && { clock: processorTime }),
    onProgress: (done, of) => { if (done === of) io.err(`${of} ${COMPILED} ${flags.rounds} times.\n`); },
  });
  const units = await measure();
  const contention = flags.devices === 1 ? undefined : await withCompanions(
    flags.devices - 1, companionArguments(file, threads, flags), COMPILED, async () => slowdown(units, await measure()));
  const profile: CostProfile = {
    description: `${config.name}, measured with ${threads} ${threads === 1 ? "thread" : "threads"}; the link is stated.`,
    device: { name: cpus()[0]?.model.trim() ?? process.arch, memoryBytes: null },
    ...(contention !== undefined && { contention }),
    link: { bandwidth: flags.bandwidth * 1e9, latency: flags.latency / 1e6 },
    microBatch: { sequences: batch.sequences, tokens: batch.tokens },
    units, optimizerMoments: optimizer.kind === "sgd" ? Number(optimizer.momentum > 0) : 2,
  };
  if (flags.output !== undefined) await writeFile(flags.output, `${JSON.stringify(profile, undefined, 2)}\n`);
  printResult(io, flags.json, profile, () => describe(profile, flags.output));
}

/** Measures for much longer than this process does. */
function companionArguments(file: string, threads: number, { rounds, set }: ProfileFlags): string[] {
  return ["profile", file, "--threads", String(threads), "--rounds", String(200 + 50 * rounds), ...set.flatMap((each) => ["--set", each])];
}

/** How much longer all units take beside others, as a part. */
function slowdown(alone: readonly CostUnit[], beside: readonly CostUnit[]): number {
  const total = (units: readonly CostUnit[]): number => units.reduce((sum, unit) => sum + workOf(unit), 0);
  return Math.max(0, total(beside) / total(alone) - 1);
}

function describe({ units, microBatch, description, contention }: CostProfile, output: string | undefined): string {
  const milliseconds = (value: number): string => (1000 * value).toFixed(2);
  const mebibytes = (value: number): string => (value / 2 ** 20).toFixed(1);
  const total = (of: (unit: CostUnit) => number): number => units.reduce((sum, unit) => sum + of(unit), 0);
  const rowOf = (name: string, sum: (of: (unit: CostUnit) => number) => number): string[] => [
    name, milliseconds(sum((unit) => unit.forward)), milliseconds(sum((unit) => unit.inputGradient)), milliseconds(sum((unit) => unit.weightGradient)),
    milliseconds(sum((unit) => unit.update)), mebibytes(sum((unit) => unit.parameterBytes)), mebibytes(sum((unit) => unit.activationBytes)),
  ];
  const rows = [...units.map((unit) => [...rowOf(unit.name, (of) => of(unit)), mebibytes(unit.outputBytes)]), [...rowOf("total", total), ""]];
  return [
    `${description} One batch: ${microBatch.sequences} sequences, ${count(microBatch.tokens)} tokens. Times in milliseconds, sizes in MiB.`, "",
    table(["part", "forward", "by input", "by weights", "update", "weights", "kept", "handed on"], rows, [1, 2, 3, 4, 5, 6, 7]), "",
    ...(contention === undefined ? [] : [`While the other devices of this machine compute too, all take ${(100 * contention).toFixed(1)} % longer.`, ""]),
    output === undefined ? "Keep it with --output FILE, for `decade plan` and for parallel.costs." : `It is in ${output}; \`decade plan CONFIG --costs ${output}\` plans with it, and parallel.costs balances stages by it.`,
  ].join("\n");
}

function processorTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
