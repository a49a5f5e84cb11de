import { setTimeout as delay } from "node:timers/promises";
import { Monitor } from "../parallel/monitor/monitor.ts";
import { teamOf } from "../parallel/execution/team.ts";
import { openTransport } from "../parallel/transports/open-transport.ts";
import type { Team } from "../train/team.ts";
import { describeError, Interruption } from "./errors.ts";
import type { Io } from "./io.ts";

/** So long the first rank has to say what is wrong, with all or with one. */
const LEAD_MILLISECONDS = 10_000;

/**
 * Does something as the process that it is: alone, or one of those that `mpirun` started, of which only the first speaks.
 * They watch each other: one that is lost ends all.
 */
export async function together<T>(io: Io, work: (team: Team | undefined, io: Io) => Promise<T>): Promise<T> {
  const transport = await openTransport({ waitSeconds: Infinity }); // the monitor ends a wait for nothing
  if (transport === undefined) return work(undefined, io);
  const { rank } = transport;
  const monitor = await Monitor.start(transport);
  const leave = async (): Promise<void> => {
    await transport.close();
    await monitor.stop();
  };
  try {
    const result = await work(await teamOf(transport), rank === 0 ? io : silent(io));
    await leave();
    return result;
  } catch (error) {
    if (error instanceof Interruption) {
      await leave(); // all have stopped at the same step
    } else {
      const { code, text } = describeError(error);
      await monitor.stop({ code, text });
      if (rank > 0) await delay(LEAD_MILLISECONDS);
    }
    throw error;
  }
}

function silent(io: Io): Io {
  return { ...io, out: () => undefined, err: () => undefined, interactive: false };
}
