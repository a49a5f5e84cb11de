/**
 * Who was lost, as the engine has it in a line of what it writes: of ranks that were killed before they watched each other
 * nobody else tells. Open MPI does; of the processes that Hydra of MPICH names some are those that it ended itself.
 */
export function blamedIn(line: string): string | undefined {
  const rank = /noticed that process rank (\d+) with PID \d+ on node \S+ exited on signal/.exec(line)?.[1];
  return rank === undefined ? undefined : `Rank ${rank}`;
}
