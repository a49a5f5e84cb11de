/** What a batch script for Slurm asks for and runs. */
export interface BatchJob {
  readonly name: string;
  readonly processes: number;
  readonly threads?: number | undefined;
  readonly nodes?: number | undefined;
  /** Longest run time, as sbatch writes it: "2:00:00". */
  readonly time?: string | undefined;
  readonly partition?: string | undefined;
  /** Further options of sbatch: "--account=physics". */
  readonly options: readonly string[];
  /** Where it runs; the path must be the same on all nodes. */
  readonly folder: string;
  /** The command line in front of the flags. */
  readonly command: readonly string[];
  /** Flags of the first start, and of each after Slurm has put the job back into its queue. */
  readonly first: readonly string[];
  readonly again: readonly string[];
}

/** Seconds before the time limit at which the training saves and ends. */
const NOTICE_SECONDS = 120;

/**
 * The script is one process that starts the ranks and starts them again: it gets the signal before the time limit, and
 * passes it on. Slurm puts the job back into its queue when a node fails or somebody else is preferred.
 */
export function batchScript({ name, processes, threads, nodes, time, partition, options, folder, command, first, again }: BatchJob): string {
  const directives = [
    `--job-name=${name}`, `--ntasks=${processes}`,
    ...(threads === undefined ? [] : [`--cpus-per-task=${threads}`]),
    ...(nodes === undefined ? [] : [`--nodes=${nodes}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    `--output=${name}-%j.log`, "--open-mode=append", "--requeue", `--signal=B:TERM@${NOTICE_SECONDS}`,
    ...options,
  ];
  const flags = (all: readonly string[]): string => ["set --", ...all.map(quote)].join(" ");
  return `#!/bin/bash
${directives.map((directive) => `#SBATCH ${directive}`).join("\n")}

cd ${quote(folder)} || exit 1
if [ "\${SLURM_RESTART_COUNT:-0}" -gt 0 ]; then ${flags(again)}; else ${flags(first)}; fi
exec ${command.map(quote).join(" ")} "$@"
`;
}

/** As a word of a shell. */
export function quote(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
