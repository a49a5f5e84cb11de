import { existsSync } from "node:fs";
import { extname } from "node:path";
import type { Command } from "commander";
import type { CostProfile } from "../parallel/cost-profile.ts";
import { devicesOf, parseLayout } from "../parallel/plan/layout.ts";
import { describeLayout, explainChoice, planNamedLayout } from "../parallel/plan/explain.ts";
import { searchLayouts, type PlannedLayout, type PlanQuestion } from "../parallel/plan/search.ts";
import { timelineChart } from "../parallel/plan/timeline-chart.ts";
import { isTrained, trainingFields } from "../parallel/plan/trained.ts";
import { ScheduleError } from "../parallel/schedule.ts";
import { writeSvg } from "../plot/render.ts";
import { loadAnyConfig } from "../train/config/load.ts";
import { CommandError } from "./errors.ts";
import { count, plural, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger, positiveNumber } from "./options.ts";
import { costsBeside, isCostsFile, readCosts } from "./plan-costs.ts";
import { prepareOutputs } from "./output-files.ts";

interface PlanFlags {
  readonly devices: number;
  readonly layout?: string;
  readonly costs?: string;
  readonly microBatches?: number;
  readonly memory?: number;
  readonly svg?: string;
  readonly json?: boolean;
}

export function addPlan(program: Command, io: Io): void {
  program.command("plan")
    .description("predict what a model's training makes of many devices under each layout, before they are paid for")
    .argument("<config-or-costs>", "configuration file, or costs as `decade profile` writes them")
    .requiredOption("--devices <count>", "devices, each a process of the training", positiveInteger)
    .option("--layout <name>", "one layout: 2014, data, pipeline, vocabulary, or such as replicas=2,stages=4,schedule=1f1b")
    .option("--costs <file>", "what the model's parts cost (default: NAME.costs.json or .ts beside NAME.config.ts)")
    .option("--micro-batches <count>", "micro-batches of a step (default: the configuration's training.accumulate)", positiveInteger)
    .option("--memory <MiB>", "memory of a device (default: as the costs say)", positiveNumber)
    .option("--svg <file>", "draw the timeline of the chosen layout")
    .addOption(jsonOption())
    .action((path: string, flags: PlanFlags) => runPlan(path, flags, io));
}

async function runPlan(path: string, flags: PlanFlags, io: Io): Promise<void> {
  await prepareOutputs(flags.svg);
  const { profiles, microBatches, config, costs } = await readQuestion(path, flags);
  const [first] = profiles;
  const bytes = flags.memory === undefined ? first?.device.memoryBytes ?? undefined : flags.memory * 2 ** 20;
  const question: PlanQuestion = { profiles, devices: flags.devices, microBatches, memory: bytes };
  const { layout: name } = flags;
  const asked = name === undefined ? undefined : namedLayout(name, question);
  const plan = search(question, asked !== undefined);
  const [best] = plan.layouts;
  const chosen = asked ?? best;
  if (chosen === undefined) {
    throw new CommandError(`None of the ${plan.considered} layouts of ${flags.devices} devices fits in ${mebibytes(bytes ?? Infinity)} MiB; the one that needs least needs ${mebibytes(plan.leastMemory)} MiB a device.`);
  }
  if (flags.svg !== undefined) await writeSvg(flags.svg, timelineChart(chosen.simulation, chosen.name, chosen.speedup));
  const layouts = [...(asked === undefined ? [] : [asked]), ...plan.layouts];
  const figures = {
    devices: flags.devices, considered: plan.considered, tooLarge: plan.tooLarge, layouts: layouts.map(figuresOf), chosen: chosen.name,
    ...(asked !== undefined && best !== undefined && { best: best.name }),
  };
  printResult(io, flags.json, figures, () => [
    ...describeStep(question, flags), "", layoutTable(layouts, asked !== undefined), "",
    `${plural(plan.considered, "layout")} use ${plural(flags.devices, "device")}${bytes === undefined ? "" : `; ${count(plan.tooLarge)} of them need more than ${mebibytes(bytes)} MiB a device`}. Of each cut the best schedule is shown.`,
    ...(asked === undefined ? [] : [describeAsked(asked, bytes)]),
    ...(best === undefined ? [] : [`${asked === undefined ? "Chosen" : "Best"}: ${best.name}, ${explainChoice(best, plan.layouts, profiles, flags.devices, bytes)}`]),
    ...describeTrained(fastestTrained(question), config, costs, flags.devices),
    ...(flags.svg === undefined ? [] : [`The timeline of ${chosen.name} is in ${flags.svg}.`]),
  ].join("\n"));
}

async function readQuestion(path: string, { costs, microBatches, devices }: PlanFlags): Promise<{ profiles: CostProfile[]; microBatches: number[]; config: string; costs: string }> {
  if (!existsSync(path)) throw new CommandError(`There is no file "${path}".`);
  if (costs === undefined && await isCostsFile(path)) {
    return { profiles: await readCosts(path), microBatches: microBatches === undefined ? [devices, 2 * devices, 4 * devices] : [microBatches], config: "CONFIG", costs: path };
  }
  const { training } = await loadAnyConfig(path);
  const file = costs ?? costsBeside(path).find((each) => existsSync(each));
  if (file === undefined) {
    throw new CommandError(`It is not known what ${path} costs: run \`decade profile ${path} --output ${costsBeside(path)[0] ?? ""}\`, or give a file with --costs.`);
  }
  return { profiles: await readCosts(file), microBatches: [microBatches ?? training.accumulate], config: path, costs: file };
}

function namedLayout(name: string, { profiles, devices, microBatches }: PlanQuestion): PlannedLayout {
  return planNamedLayout((context) => {
    const layout = parseLayout(name, { devices, ...context });
    if (devicesOf(layout) !== devices) throw new ScheduleError(`The layout "${name}" uses ${devicesOf(layout)} devices; --devices says ${devices}.`);
    return layout;
  }, name, profiles, microBatches);
}

/** The search, which may find nothing where something else is there to be shown. */
function search(question: PlanQuestion, mayFail: boolean): ReturnType<typeof searchLayouts> {
  try {
    return searchLayouts(question);
  } catch (problem) {
    if (mayFail && problem instanceof ScheduleError) return { layouts: [], considered: 0, tooLarge: 0, leastMemory: Infinity };
    throw problem;
  }
}

function figuresOf({ name, simulation, profile, speedup }: PlannedLayout): object {
  const { bubble, peakMemoryBytes, tokensPerSecond, stepSeconds, layout } = simulation;
  return { name, speedup, bubble, peakMemoryMiB: peakMemoryBytes / 2 ** 20, tokensPerSecond, stepSeconds, microBatches: layout.replicas * layout.microBatches, sequences: profile.microBatch.sequences };
}

function describeStep({ profiles, microBatches, devices }: PlanQuestion, flags: PlanFlags): string[] {
  const [first] = profiles;
  if (first === undefined) return [];
  const { sequences, tokens } = first.microBatch;
  const sizes = profiles.length === 1 ? "" : `, or the same in micro-batches of ${profiles.slice(1).map(({ microBatch }) => microBatch.sequences).join(", ")}`;
  const free = microBatches.length > 1 ? " (searched; --micro-batches sets it)" : "";
  return [
    first.description,
    `A step is ${microBatches.map(count).join(", ")} micro-batch${microBatches.join() === "1" ? "" : "es"}${free} of ${plural(sequences, "sequence")} and ${plural(tokens, "token")}${sizes}.`,
    ...(microBatches.length === 1 && profiles.length === 1 && (microBatches[0] ?? 0) < devices && flags.microBatches === undefined
      ? [`With fewer micro-batches than devices most of these wait: set training.accumulate to ${devices} or more, with smaller batches, or try --micro-batches.`] : []),
  ];
}

function layoutTable(layouts: readonly PlannedLayout[], isFirstAsked: boolean): string {
  return table(["layout", "tokens/s", "speedup", "bubble", "MiB", "sequences", ""], layouts.map(({ name, simulation, profile, speedup }, at) => [
    name, count(simulation.tokensPerSecond), speedup.toFixed(2), `${(100 * simulation.bubble).toFixed(1)} %`, count(simulation.peakMemoryBytes / 2 ** 20),
    String(profile.microBatch.sequences), [...(isFirstAsked && at === 0 ? ["asked for"] : []), ...(isTrained(simulation.layout) ? [] : ["simulated only"])].join(", "),
  ]), [1, 2, 3, 4, 5]);
}

function describeAsked({ name, simulation, speedup }: PlannedLayout, bytes: number | undefined): string {
  const room = bytes !== undefined && simulation.peakMemoryBytes > bytes ? ` It needs ${mebibytes(simulation.peakMemoryBytes)} MiB a device, more than the ${mebibytes(bytes)} MiB there are.` : "";
  return `Asked for: ${name}, ${describeLayout(simulation)}: ${speedup.toFixed(2)} times one device.${room}`;
}

function fastestTrained(question: PlanQuestion): PlannedLayout | undefined {
  return question.devices === 1 ? undefined : search({ ...question, accepts: isTrained }, true).layouts[0];
}

/** How to train under a layout. Costs that a program states are nothing that a training reads. */
function describeTrained(trained: PlannedLayout | undefined, config: string, costs: string, devices: number): string[] {
  if (trained === undefined) return [];
  const { name, profile, speedup, simulation: { layout } } = trained;
  const cut = Object.entries({ ...trainingFields(layout), ...(extname(costs) === ".json" && { costs }) });
  const fields = [
    ...(layout.stages * layout.vocabulary === 1 ? [] : cut.map(([field, value]) => `parallel.${field}=${value}`)),
    `training.accumulate=${layout.replicas * layout.microBatches}`,
  ];
  return [`To train under ${name}, ${speedup.toFixed(2)} times one device, with batches of ${plural(profile.microBatch.sequences, "sequence")}: mpirun -n ${devices} decade train ${config} ${fields.map((field) => `--set ${field}`).join(" ")}`];
}

function mebibytes(bytes: number): string {
  const value = bytes / 2 ** 20;
  return value < 10 ? String(Math.ceil(100 * value) / 100) : count(Math.ceil(value));
}
