/**
 * The process that watches a job, beside rank 0, which starts it. It is none of the ranks, so that it can still speak
 * when they are dead: MPICH's mpirun kills all of them as soon as one has died.
 */
import { hostname } from "node:os";
import { MonitorServer, type ServerOptions } from "./server.ts";

/** What rank 0 tells it. */
export type WatcherTask = Pick<ServerOptions, "size" | "secret" | "limits">;

/** A job that is interrupted ends by itself, watched until then. */
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"] as const) process.on(signal, () => undefined);

process.once("message", (task: WatcherTask) => {
  const options: ServerOptions = { ...task, host: hostname(), pid: process.pid, onEnd: () => process.exit(0) };
  void MonitorServer.listen(options).then((port) => process.send?.({ port }, () => process.disconnect()));
});
