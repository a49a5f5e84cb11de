import { quote } from "../../parallel/launch/batch-script.ts";

/** What a job array for Slurm asks for and runs. */
export interface SlurmArray {
  readonly name: string;
  /** What the tasks train, one each, by their hashes. */
  readonly hashes: readonly string[];
  /** Most tasks at once. */
  readonly jobs?: number | undefined;
  readonly threads: number;
  /** Longest run time of a task, as sbatch writes it: "2:00:00". */
  readonly time?: string | undefined;
  readonly partition?: string | undefined;
  /** Further options of sbatch: "--mem=4G". */
  readonly options: readonly string[];
  /** Where it runs; the path must be the same on all nodes. */
  readonly folder: string;
  /** Folder of the tasks' logs. */
  readonly logs: string;
  /** The command line that trains one, before its hash. */
  readonly command: readonly string[];
}

/** Seconds before the time limit at which a training saves and ends. */
const NOTICE_SECONDS = 120;

/**
 * The script of a job array: a task for each training. It names trainings by their hashes, so that a task trains what was asked for
 * even where the sweep's file has changed since. Slurm puts a task back into its queue when a node fails or somebody else is
 * preferred; it then goes on from its checkpoint.
 */
export function slurmArray({ name, hashes, jobs, threads, time, partition, options, folder, logs, command }: SlurmArray): string {
  const directives = [
    `--job-name=${name}`, `--array=0-${hashes.length - 1}${jobs === undefined ? "" : `%${jobs}`}`, "--ntasks=1", `--cpus-per-task=${threads}`,
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    `--output=${logs}/slurm-%A-%a.log`, "--open-mode=append", "--requeue", `--signal=B:TERM@${NOTICE_SECONDS}`,
    ...options,
  ];
  return `#!/bin/bash
${directives.map((directive) => `#SBATCH ${directive}`).join("\n")}

cd ${quote(folder)} || exit 1
trainings=(${hashes.join(" ")})
exec ${command.map(quote).join(" ")} "\${trainings[$SLURM_ARRAY_TASK_ID]}"
`;
}
