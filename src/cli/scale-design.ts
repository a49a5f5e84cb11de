import { writeFile } from "node:fs/promises";
import { Option, type Command } from "commander";
import { writePage, writeSvg, type Page, type PageTable } from "../plot/index.ts";
import { costChart, designChart } from "../scaling/sweep/design-charts.ts";
import { planSweep, short, type PlannedTraining } from "../scaling/sweep/design.ts";
import { makespan, measureSpeeds, secondsOf, type Speed } from "../scaling/sweep/estimate.ts";
import { loadSweep } from "../scaling/sweep/load-sweep.ts";
import { DESIGN_KINDS, withKind, withLengths, type DesignKind } from "../scaling/sweep/redesign.ts";
import { SweepData } from "../scaling/sweep/sweep-data.ts";
import type { Sweep } from "../scaling/sweep/sweep-schema.ts";
import { UsageError } from "./errors.ts";
import { count, duration, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveNumber } from "./options.ts";
import { prepareOutputs } from "./output-files.ts";
import { addPlaceOptions, checkMemory, placeOf, type Place, type PlaceFlags } from "./scale-place.ts";

interface DesignFlags extends PlaceFlags {
  readonly kind?: DesignKind;
  readonly budget?: number;
  readonly hours?: number;
  readonly gflops?: number;
  readonly output?: string;
  readonly svg?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function addScaleDesign(scale: Command, io: Io): void {
  addPlaceOptions(scale.command("design"))
    .description("propose the trainings of a sweep, with their operations, memory and time, and train nothing")
    .argument("<sweep>", "sweep: a .ts, .js or .json file")
    .addOption(new Option("--kind <kind>", "another kind of design over the same sizes and lengths").choices(DESIGN_KINDS))
    .option("--budget <flops>", "make all trainings longer or shorter, so that they take so many operations together", positiveNumber)
    .option("--hours <count>", "the same, so that they take so long here", positiveNumber)
    .option("--gflops <rate>", "billions of operations a second that a training reaches (default: a few steps are timed)", positiveNumber)
    .option("--output <file>", "write the trainings there as a sweep that lists them, as JSON")
    .option("--svg <file>", "draw the trainings over parameters and tokens, with lines of equal compute")
    .option("--html <file>", "write the proposal with its pictures as a page")
    .addOption(jsonOption())
    .action((file: string, flags: DesignFlags) => runDesign(file, flags, io));
}

async function runDesign(file: string, flags: DesignFlags, io: Io): Promise<void> {
  if (flags.budget !== undefined && flags.hours !== undefined) throw new UsageError("--budget and --hours cannot be given together; choose one.");
  const place = placeOf(flags);
  await prepareOutputs(flags.output, flags.svg, flags.html);
  const loaded = await loadSweep(file);
  const data = new SweepData();
  const sweep = flags.kind === undefined ? loaded : withKind(loaded, flags.kind);
  const first = await planSweep(sweep, data);
  checkMemory(first, place);
  const speeds = flags.gflops === undefined ? await measureSpeeds(first, data, place.threads) : [{ flopsOfStep: 1, flopsPerSecond: flags.gflops * 1e9 }];
  const planned = await fitted(sweep, first, { ...flags, place, data, speeds });
  const total = totalsOf(planned, speeds, place);
  if (flags.output !== undefined) await writeFile(flags.output, `${JSON.stringify(listed(sweep, planned), undefined, 2)}\n`);
  if (flags.svg !== undefined) await writeSvg(flags.svg, designChart(planned));
  if (flags.html !== undefined) await writePage(flags.html, designPage(sweep, planned, speeds, `${describeTotal(planned, total, place)}.`));
  const figures = { sweep: sweep.name, kind: sweep.design.kind, trainings: planned.map((each) => figuresOf(each, speeds)), ...total, jobs: place.jobs, threads: place.threads };
  const { headings, rows, right } = designTable(planned, speeds);
  printResult(io, flags.json, figures, () => [
    ...describeRules(sweep), "",
    table(headings, rows, right), "",
    describeTotal(planned, total, place) + describeSpeeds(speeds, flags.gflops),
    ...describeEpochs(planned),
    `Run it: decade scale run ${flags.output ?? file} --jobs ${place.jobs} --threads ${place.threads}`,
  ].join("\n"));
}

/** The trainings that a budget pays for. Their operations are proportional to their length, but for the rounding to whole steps. */
async function fitted(
  sweep: Sweep, first: readonly PlannedTraining[],
  { budget, hours, place, data, speeds }: Pick<DesignFlags, "budget" | "hours"> & { place: Place; data: SweepData; speeds: readonly Speed[] },
): Promise<readonly PlannedTraining[]> {
  if (budget === undefined && hours === undefined) return first;
  const { flops, seconds } = totalsOf(first, speeds, place);
  return planSweep(withLengths(sweep, budget === undefined ? (hours ?? 0) * 3600 / seconds : budget / flops), data);
}

interface Totals {
  readonly flops: number;
  readonly seconds: number;
}

function totalsOf(planned: readonly PlannedTraining[], speeds: readonly Speed[], { jobs }: Place): Totals {
  return {
    flops: planned.reduce((sum, { size }) => sum + size.flops, 0),
    seconds: makespan(planned.map((each) => secondsOf(each, speeds)), jobs),
  };
}

/** The sweep with its trainings one by one, so that it stays what it is, whatever a later version makes of its ranges. */
function listed({ design: _design, shape: _shape, learningRate: _rate, warmup: _warmup, seeds: _seeds, ...rest }: Sweep, planned: readonly PlannedTraining[]): object {
  return { ...rest, design: { kind: "list", trainings: planned.map(({ name, settings }) => ({ name, set: settings })) } };
}

function figuresOf(planned: PlannedTraining, speeds: readonly Speed[]): object {
  const { name, shape, size, settings, config } = planned;
  return { name, ...shape, learningRate: config.training.optimizer.learningRate, ...size, sixND: sixNd(planned), seconds: secondsOf(planned, speeds), settings };
}

function sixNd({ size: { parameters, tokens } }: PlannedTraining): number {
  return 6 * parameters * tokens;
}

function designPage(sweep: Sweep, planned: readonly PlannedTraining[], speeds: readonly Speed[], total: string): Page {
  return {
    title: `The sweep ${sweep.name}`,
    sections: [
      { heading: "Trainings", text: [...describeRules(sweep), ...describeEpochs(planned)], chart: { draw: (theme) => designChart(planned, theme) } },
      { heading: "Cost", text: total, chart: { draw: (theme) => costChart(planned, (each) => secondsOf(each, speeds), theme) } },
      { heading: "One by one", table: pageTable(designTable(planned, speeds)) },
    ],
  };
}

function designTable(planned: readonly PlannedTraining[], speeds: readonly Speed[]): PageTable & { readonly right: readonly number[] } {
  return {
    headings: ["training", "layers", "width", "N", "with embeddings", "tokens D", "epochs", "steps", "rate", "FLOPs", "6ND", "ratio", "MiB", "time"],
    rows: planned.map((each) => {
      const { name, shape, size, config } = each;
      return [
        name, String(shape.layers), String(shape.width), count(size.parameters), count(size.totalParameters), count(size.tokens), size.epochs.toFixed(2), count(size.steps),
        String(Number(config.training.optimizer.learningRate.toPrecision(3))), size.flops.toExponential(2), sixNd(each).toExponential(2), (size.flops / sixNd(each)).toFixed(2),
        (size.memoryBytes / 2 ** 20).toFixed(0), duration(secondsOf(each, speeds)),
      ];
    }),
    right: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
  };
}

/** A page has less room than a terminal. */
function pageTable({ headings, rows, right }: ReturnType<typeof designTable>): PageTable {
  const kept = headings.flatMap((heading, at) => (["with embeddings", "6ND", "ratio"].includes(heading) ? [] : [at]));
  const chosen = (row: readonly string[]): string[] => kept.map((at) => row[at] ?? "");
  return { headings: chosen(headings), rows: rows.map(chosen), right: kept.flatMap((at, place) => (right.includes(at) ? [place] : [])), caption: "N is without embeddings and output layer; MiB are of memory." };
}

function describeTotal(planned: readonly PlannedTraining[], { flops, seconds }: Totals, { jobs, threads }: Place): string {
  return `${planned.length} trainings, ${flops.toExponential(2)} FLOPs, about ${duration(seconds)} with --jobs ${jobs} --threads ${threads}`;
}

function describeSpeeds(speeds: readonly Speed[], gflops: number | undefined): string {
  if (gflops !== undefined) return `, at ${gflops} GFLOP/s.`;
  return `, at ${speeds.map(({ flopsPerSecond }) => (flopsPerSecond / 1e9).toFixed(0)).join(", ")} GFLOP/s timed from the smallest to the largest.`;
}

function describeRules({ name, design, shape, learningRate: rule }: Sweep): string[] {
  if (design.kind === "list") return [`${name}: trainings one by one.`];
  const depth = "layers" in design && design.layers !== undefined ? "depths as given" : `width over depth ${shape.aspect}`;
  const rates = {
    "fixed": "learning rate as in the base configuration",
    "power": "rate" in rule && "exponent" in rule ? `learning rate ${rule.rate} · (N / ${short(rule.at)})^-${rule.exponent}` : "",
    "width": "rate" in rule ? `learning rate ${rule.rate} · ${rule.at} / width (Yang et al. 2022)` : "",
    "kaplan-2020": "learning rate 0.003239 - 0.0001395 ln N (Kaplan et al. 2020, eq. D.1)",
  }[rule.kind];
  return [`${name}, ${design.kind}: ${depth}, widths in multiples of ${shape.multiple}, ${rates}. N is without embeddings.`];
}

function describeEpochs(planned: readonly PlannedTraining[]): string[] {
  const repeating = planned.filter(({ size }) => size.epochs > 1);
  if (repeating.length === 0) return ["No training sees a token twice."];
  return [`${repeating.length} of them see their data more than once, up to ${Math.max(...repeating.map(({ size }) => size.epochs)).toFixed(1)} times: fit --law data-constrained.`];
}
