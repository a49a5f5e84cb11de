import type { Transport } from "../transport.ts";
import type { TransportOptions } from "./checks.ts";
import { worldSize } from "./job.ts";
import type { Activity } from "./waits.ts";

/** A transport that tells how it gets on. */
export interface ObservedTransport extends Transport {
  activity(): Activity;
}

/**
 * How this process reaches the others of its job: by MPI where `mpirun` or `srun` started more than one, undefined where
 * it is alone. Throws a NoTransportError where there are several and no MPI library reaches them.
 */
export async function openTransport(options: TransportOptions = {}): Promise<ObservedTransport | undefined> {
  if (worldSize() === 1) return undefined;
  const { openMpi } = await import("./mpi.ts");
  return openMpi(options);
}
