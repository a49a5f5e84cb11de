import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { costProfileSchema, type CostProfile } from "../src/parallel/cost-profile.ts";
import { installedMpiruns, runJob, type Mpirun } from "../src/parallel/fixtures/mpirun.ts";
import type { Layout } from "../src/parallel/plan/layout.ts";
import { simulate } from "../src/parallel/plan/simulate.ts";
import { median } from "./timing.ts";

const JOB = new URL("./parallel-job.ts", import.meta.url);
const ROUNDS = 3;

/** Two processes of one thread each, and how a step's eight micro-batches lie on them. */
const LAYOUTS = {
  dataParallel: { flags: {}, layout: { replicas: 2, stages: 1, vocabulary: 1, schedule: "none", chunks: 1, microBatches: 4 } },
  pipeline: { flags: { stages: 2, schedule: "1f1b" }, layout: { replicas: 1, stages: 2, vocabulary: 1, schedule: "1f1b", chunks: 1, microBatches: 8 } },
  vocabulary: { flags: { vocabulary: 2, schedule: "1f1b" }, layout: { replicas: 1, stages: 1, vocabulary: 2, schedule: "1f1b", chunks: 1, microBatches: 8 } },
} as const satisfies Record<string, { flags: object; layout: Layout }>;

interface Figures {
  /** Over one process of one thread, in the same run. */
  readonly speedup: number;
  /** By the simulator, from what each part of the model takes on one process. */
  readonly predicted: number;
}

/** Share of a core that one process must have had for its time to count. */
const QUIET = 0.9;

/** How much faster two processes train a GPT than one, and what the simulator says. Tells aloud where others used the cores meanwhile. */
export async function parallel(): Promise<Record<keyof typeof LAYOUTS, Figures>> {
  const [mpirun] = installedMpiruns();
  if (mpirun === undefined) throw new Error("No mpirun is installed; on Debian, openmpi-bin has one.");
  const profile = profileOf(JSON.parse(runAlone("profile")) as Pick<CostProfile, "units" | "microBatch">);
  const ratios = new Map(Object.keys(LAYOUTS).map((name) => [name, [] as number[]]));
  const shares: number[] = [];
  const alone = (): number => {
    const { seconds, processorSeconds } = timesOf(runAlone("{}"));
    shares.push(processorSeconds / seconds);
    return seconds;
  };
  let before = alone();
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, { flags }] of Object.entries(LAYOUTS)) {
      const together = await runTogether(mpirun, JSON.stringify(flags));
      const after = alone(); // what one process takes drifts on a machine that others use
      ratios.get(name)?.push((before + after) / 2 / together);
      before = after;
    }
  }
  const least = Math.min(...shares);
  if (least < QUIET) console.error(`Others computed meanwhile: one process had but ${Math.round(100 * least)} % of a core at times. Measure again on quiet cores; these figures mean little.`);
  return Object.fromEntries(Object.entries(LAYOUTS).map(([name, { layout }]) => (
    [name, { speedup: rounded(median(ratios.get(name) ?? [])), predicted: rounded(simulate(profile, layout).speedup) }]
  ))) as Record<keyof typeof LAYOUTS, Figures>;
}

function profileOf(measured: Pick<CostProfile, "units" | "microBatch">): CostProfile {
  return costProfileSchema.parse({ ...measured, description: "this machine", device: { name: "one core" }, link: { bandwidth: 5e9, latency: 2e-5 } });
}

function runAlone(argument: string): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--import", "jiti/register", fileURLToPath(JOB), argument], { encoding: "utf8" });
  if (status !== 0) throw new Error(`The job failed: ${stderr}`);
  return lastLine(stdout);
}

async function runTogether(mpirun: Mpirun, flags: string): Promise<number> {
  const { code, out, err } = await runJob(mpirun, 2, JOB.href, flags);
  if (code !== 0) throw new Error(`The job under ${mpirun.command} failed: ${err}`);
  return timesOf(lastLine(out)).seconds;
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
