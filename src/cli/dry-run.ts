import { dryRun, type PlannedTraining } from "../parallel/execution/dry-run.ts";
import { startedJob } from "../parallel/transports/job.ts";
import type { RunConfig } from "../train/config/config.ts";
import type { TextRunConfig } from "../train/config/text.ts";
import { openTraining } from "../train/open-training.ts";
import { count, table } from "./format.ts";
import { printResult, type Io } from "./io.ts";

/** Says what each process of a training would hold, without training; of those that mpirun has started only the first does. */
export async function showDryRun(config: RunConfig | TextRunConfig, flags: { readonly processes?: number; readonly json?: boolean }, io: Io): Promise<void> {
  const { rank = 0, size } = startedJob() ?? {};
  if (rank > 0) return;
  const { processes = size ?? config.parallel.stages + config.parallel.vocabulary - 1, json } = flags;
  const { task, batches } = await openTraining(config);
  const { training: { accumulate, optimizer, average }, parallel } = config;
  const planned = await dryRun(task, { processes, accumulate, parallel, optimizer, averages: average !== undefined, sample: await batches.batch(0, 0) });
  printResult(io, json, { processes, ...planned }, () => describe(processes, planned));
}

function describe(processes: number, { replicas, batchesPerReplica, schedule, bubble, devices }: PlannedTraining): string {
  const mebibytes = (bytes: number): string => count(Math.ceil(bytes / 2 ** 20));
  const rows = devices.map(({ stages, layers, parameters, weightBytes, activationBytes }, device) => (
    [String(device), stages.join(", "), layers.join(", "), count(parameters), mebibytes(weightBytes), mebibytes(activationBytes)]));
  return [
    `${processes} ${processes === 1 ? "process" : "processes"}: ${replicas === 1 ? "one replica" : `${replicas} replicas`} of ${devices.length === 1 ? "one device" : `a pipeline of ${devices.length} devices`}, `
      + `${batchesPerReplica} ${batchesPerReplica === 1 ? "batch" : "batches"} a step each, schedule ${schedule}, bubble ${(100 * bubble).toFixed(1)} % at equal times.`, "",
    table(["device", "stages", "layers", "parameters", "MiB of weights", "MiB of activations"], rows, [3, 4, 5]), "",
    "MiB of weights: with gradients, and the optimiser's state of what one replica updates. Activations: of all batches under way at once, of the size of the first one.",
  ].join("\n");
}
