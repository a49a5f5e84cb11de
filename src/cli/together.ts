import { setTimeout as delay } from "node:timers/promises";
import { teamOf } from "../parallel/execution/team.ts";
import { openTransport } from "../parallel/transports/open-transport.ts";
import type { Transport } from "../parallel/transport.ts";
import type { Team } from "../train/team.ts";
import type { Io } from "./io.ts";

/** So much earlier the first rank says what all ranks may have found wrong. */
const LEAD_MILLISECONDS = 5000;

/**
 * Does something as the process that it is: alone, or one of those that `mpirun` started, of which only the first speaks.
 * An error of another is one of its own where the first has not ended before.
 */
export async function together<T>(io: Io, work: (team: Team | undefined, io: Io) => Promise<T>): Promise<T> {
  const transport = await openTransport();
  if (transport === undefined) return work(undefined, io);
  try {
    const result = await work(await teamOf(transport), transport.rank === 0 ? io : silent(io));
    await transport.close();
    return result;
  } catch (error) {
    return fail(error, transport);
  }
}

async function fail(error: unknown, { rank }: Transport): Promise<never> {
  if (rank > 0) await delay(LEAD_MILLISECONDS);
  if (rank > 0 && error instanceof Error) error.message = `Rank ${rank}: ${error.message}`;
  throw error;
}

function silent(io: Io): Io {
  return { ...io, out: () => undefined, err: () => undefined, interactive: false };
}
