/**
 * Who was lost, as the engine has it in a line of what it writes: of ranks that were killed before they watched each other
 * nobody else tells.
 */
export function blamedIn(line: string): string | undefined {
  const rank = /noticed that process rank (\d+) with PID \d+ on node \S+ exited on signal/.exec(line)?.[1]; // Open MPI
  if (rank !== undefined) return `Rank ${rank}`;
  const [, pid, host] = /^=\s+PID (\d+) RUNNING AT (\S+)/.exec(line) ?? []; // Hydra of MPICH
  return pid === undefined ? undefined : `Process ${pid} on ${host ?? ""}`;
}
