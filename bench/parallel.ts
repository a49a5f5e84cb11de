import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { costProfileSchema, type CostProfile } from "../src/parallel/cost-profile.ts";
import { installedMpiruns, runJob, type Mpirun } from "../src/parallel/fixtures/mpirun.ts";
import type { Layout } from "../src/parallel/plan/layout.ts";
import { workOf } from "../src/parallel/plan/placement.ts";
import { searchLayouts } from "../src/parallel/plan/search.ts";
import { simulate } from "../src/parallel/plan/simulate.ts";
import { isTrained, trainingFields } from "../src/parallel/plan/trained.ts";
import type { ParallelConfig } from "../src/train/config/parallel.ts";
import type { ModelName } from "./parallel-models.ts";
import { median } from "./timing.ts";

const JOB = new URL("./parallel-job.ts", import.meta.url);
const ROUNDS = 3;

interface Case {
  readonly model: ModelName;
  readonly flags: Partial<ParallelConfig>;
  /** The same for the simulator, where it knows it. */
  readonly layout?: Layout;
}

const REPLICAS: Layout = { replicas: 2, stages: 1, vocabulary: 1, schedule: "none", chunks: 1, microBatches: 4 };
const VOCABULARY: Layout = { ...REPLICAS, replicas: 1, vocabulary: 2, schedule: "1f1b", microBatches: 8 };

const CASES = ["dataParallel", "dataParallelInBuckets", "pipeline", "vocabulary", "wavefront"] as const;
type CaseName = (typeof CASES)[number];

/** Two processes of one thread each, and how a step's micro-batches lie on them. */
function casesOf(pipeline: Layout): Record<CaseName, Case> {
  return {
    dataParallel: { model: "gpt", flags: trainingFields(REPLICAS), layout: REPLICAS },
    /** The same, with gradients that are summed in pieces while others are computed. */
    dataParallelInBuckets: { model: "gpt", flags: { bucketMiB: 8 } },
    pipeline: { model: "gpt", flags: trainingFields(pipeline), layout: pipeline },
    vocabulary: { model: "gpt", flags: trainingFields(VOCABULARY), layout: VOCABULARY },
    /** An LSTM encoder-decoder, a layer of each on either process, in eight pieces of time. */
    wavefront: { model: "lstm", flags: { stages: 2, schedule: "wavefront-2014", chunks: 8 } },
  };
}

/** Two stages with the schedule that the planner finds fastest at these costs. */
function fastestPipeline(profile: CostProfile): Layout {
  const accepts = (layout: Layout): boolean => layout.replicas === 1 && layout.stages === 2 && layout.vocabulary === 1 && isTrained(layout);
  const [fastest] = searchLayouts({ profiles: [profile], devices: 2, microBatches: [8], accepts }).layouts;
  if (fastest === undefined) throw new Error("The planner knows no pipeline of two stages.");
  return fastest.simulation.layout;
}

interface Figures {
  /** Over one process of one thread, in the same run: the median of what each round gave. */
  readonly speedup: number;
  readonly rounds: readonly number[];
  /** By the simulator, from what each part of the model takes on one process, and how much longer beside another. */
  readonly predicted?: number;
  /** Of a pipeline: the one that the planner ranks first. */
  readonly schedule?: string;
}

interface Result extends Record<CaseName, Figures> {
  /** How much longer computation takes while the other process computes too, as a part. */
  readonly contention: number;
  /** Gigabytes a second that pass each way while as many pass the other. */
  readonly linkGigabytes: number;
}

/** Share of a core that a process that never waits must have had for its time to count. */
const QUIET = 0.9;

/** How much faster two processes train than one, and what the simulator says. Tells aloud where others used the cores meanwhile. */
export async function parallel(): Promise<Result> {
  const [mpirun] = installedMpiruns();
  if (mpirun === undefined) throw new Error("No mpirun is installed; on Debian, openmpi-bin has one.");
  const first = await measuredProfile(mpirun);
  const pipeline = fastestPipeline(first);
  const cases = casesOf(pipeline);
  const { ratios, profiles, leastShare } = await measuredRounds(mpirun, cases, first);
  if (leastShare < QUIET) console.error(`Others computed meanwhile: a process that never waits had but ${Math.round(100 * leastShare)} % of a core at times. Measure again on quiet cores; these figures mean little.`);
  const figures = CASES.map((name): readonly [CaseName, Figures] => {
    const { layout } = cases[name];
    const predicted = layout && rounded(median(profiles.map((profile) => simulate(profile, layout).speedup)));
    const rounds = ratios.get(name) ?? [];
    return [name, { speedup: rounded(median(rounds)), rounds: rounds.map(rounded), ...(predicted !== undefined && { predicted }), ...(layout === pipeline && { schedule: pipeline.schedule }) }];
  });
  return {
    ...Object.fromEntries(figures) as Record<CaseName, Figures>,
    contention: rounded(median(profiles.map(({ contention = 0 }) => contention))), linkGigabytes: rounded(median(profiles.map(({ link }) => link.bandwidth / 1e9))),
  };
}

/** What the parts of the GPT take on one process while the other core is idle, how much longer while it is not, and how messages pass. */
async function measuredProfile(mpirun: Mpirun): Promise<CostProfile> {
  const link = JSON.parse(await runTogether(mpirun, "gpt", "link")) as CostProfile["link"];
  const alone = profileOf(runAlone("gpt", "profile"), link);
  const beside = profileOf(await runTogether(mpirun, "gpt", "profile"), link);
  const total = ({ units }: CostProfile): number => units.reduce((sum, unit) => sum + workOf(unit), 0);
  return { ...alone, contention: Math.max(0, total(beside) / total(alone) - 1) };
}

function profileOf(line: string, link: CostProfile["link"]): CostProfile {
  const measured = JSON.parse(line) as Pick<CostProfile, "units" | "microBatch">;
  return costProfileSchema.parse({ ...measured, description: "this machine", device: { name: "one core" }, link });
}

interface Rounds {
  /** One process's time over two processes', by case. */
  readonly ratios: ReadonlyMap<CaseName, readonly number[]>;
  /** Of each round. */
  readonly profiles: readonly CostProfile[];
  readonly leastShare: number;
}

/**
 * What one process takes, and what two lose to each other, drifts on a machine that others use: one process is timed before
 * and after two, and costs are measured in each round.
 */
async function measuredRounds(mpirun: Mpirun, cases: Record<CaseName, Case>, first: CostProfile): Promise<Rounds> {
  const ratios = new Map(CASES.map((name) => [name, [] as number[]]));
  const profiles = [first];
  const shares: number[] = [];
  const alone = (model: ModelName): number => {
    const { seconds, processorSeconds } = timesOf(runAlone(model, "{}"));
    shares.push(processorSeconds / seconds);
    return seconds;
  };
  for (let round = 0; round < ROUNDS; round++) {
    if (round > 0) profiles.push(await measuredProfile(mpirun));
    const latest: Partial<Record<ModelName, number>> = {};
    for (const name of CASES) {
      const { model, flags } = cases[name];
      const before = latest[model] ?? alone(model);
      const { seconds, processorSeconds } = timesOf(await runTogether(mpirun, model, JSON.stringify(flags)));
      if (name === "dataParallel") shares.push(processorSeconds / seconds); // replicas do not wait for each other for long
      const after = alone(model);
      ratios.get(name)?.push((before + after) / 2 / seconds);
      latest[model] = after;
    }
  }
  return { ratios, profiles, leastShare: Math.min(...shares) };
}

/** What one process prints last. */
function runAlone(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "jiti/register", fileURLToPath(JOB), ...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The job failed: ${stderr}`);
  return lastLine(stdout);
}

/** What the first of two prints last. */
async function runTogether(mpirun: Mpirun, ...args: string[]): Promise<string> {
  const { code, out, err } = await runJob(mpirun, 2, JOB.href, ...args);
  if (code !== 0) throw new Error(`The job under ${mpirun.command} failed: ${err}`);
  return lastLine(out);
}

/** Of an optimiser step on the first rank. */
function timesOf(line: string): { seconds: number; processorSeconds: number } {
  return JSON.parse(line) as { seconds: number; processorSeconds: number };
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1) ?? "";
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
