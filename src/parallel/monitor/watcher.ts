/**
 * The process that watches a job, beside rank 0, which starts it. It is none of the ranks, so that it can still speak
 * when they are dead: MPICH's mpirun kills all of them as soon as one has died.
 */
import { closeSync } from "node:fs";
import { hostname } from "node:os";
import { MonitorServer, type ServerOptions } from "./server.ts";
import { endStarter, type Starter } from "./starter.ts";

/** What rank 0 tells it. */
export interface WatcherTask extends Pick<ServerOptions, "size" | "secret" | "limits"> {
  /** What started rank 0. */
  readonly starter: Starter | undefined;
}

/** A job that is interrupted ends by itself, watched until then. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) process.on(signal, () => undefined);

process.once("message", ({ starter, ...task }: WatcherTask) => {
  const onEnd = async (lost: boolean): Promise<void> => {
    closeSync(2); // mpirun waits for the end of what its processes write
    if (lost && starter !== undefined) await endStarter(starter);
    process.exit(0);
  };
  const options: ServerOptions = { ...task, host: hostname(), pid: process.pid, onEnd: (lost) => void onEnd(lost) };
  void MonitorServer.listen(options).then((port) => process.send?.({ port }, () => process.disconnect()));
});
