import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process that started this one, and since when it has run: a later process may have its number. */
export interface Starter {
  readonly pid: number;
  readonly began: string;
}

/** What starts the ranks of a host: Open MPI 4, Open MPI 5, MPICH. */
const STARTERS = /^(mpirun|mpiexec|orterun|orted|prterun|prted|hydra_pmi_prox)/;
/** Time in which an engine ends by itself after its processes. */
const PATIENCE_MILLISECONDS = 8000;

/** The parent of this process where it is mpirun or its helper; undefined elsewhere, and where there is no /proc. */
export function findStarter(): Starter | undefined {
  const status = readStatus(process.ppid);
  return status !== undefined && STARTERS.test(status.name) ? { pid: process.ppid, began: status.began } : undefined;
}

/**
 * Ends mpirun where it goes on although its job has ended: it waits for a host that it no longer reaches. Open MPI's is
 * ending already, and answers to no other signal.
 */
export async function endStarter({ pid, began }: Starter): Promise<void> {
  for (const end = performance.now() + PATIENCE_MILLISECONDS; performance.now() < end; await delay(200)) {
    const status = readStatus(pid);
    if (status === undefined || status.began !== began || status.state === "Z") return;
  }
  process.kill(pid, "SIGKILL");
}

function readStatus(pid: number): { name: string; state: string | undefined; began: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const [start, end] = [text.indexOf("("), text.lastIndexOf(")")];
    const fields = text.slice(end + 2).split(" ");
    return { name: text.slice(start + 1, end), state: fields[0], began: fields[19] ?? "" };
  } catch {
    return undefined;
  }
}
