/** The thread that watches: the main one may be in a call of the engine for minutes. */
import { parentPort, workerData } from "node:worker_threads";
import { MonitorClient, type ClientOptions } from "./client.ts";
import { MonitorServer, type ServerOptions } from "./server.ts";
import { StateReader, type SharedState } from "./shared-state.ts";

/** What the main thread gives to begin with. */
export type WorkerTask = { readonly state: SharedState } & (
  | { readonly serve: Omit<ServerOptions, "reader" | "onComplete" | "onStopped"> }
  | { readonly join: Omit<ClientOptions, "reader"> });

/** What the main thread says later: the rank has done what it had to, or has failed with an exit code. */
export type ToWorker = { readonly finish: true } | { readonly fail: number };

export type FromWorker = { readonly port: number } | { readonly watching: true } | { readonly stopped: true } | { readonly unreachable: string };

const task = workerData as WorkerTask;
const reader = new StateReader(task.state, performance.now());
const say = (message: FromWorker): void => parentPort?.postMessage(message);
const stopped = (): void => say({ stopped: true });

if ("serve" in task) {
  const { server, port } = await MonitorServer.listen({ ...task.serve, reader, onComplete: () => say({ watching: true }), onStopped: stopped });
  parentPort?.on("message", (message: ToWorker) => ("finish" in message ? server.finish() : server.fail(message.fail)));
  say({ port });
} else {
  const client = await MonitorClient.connect({ ...task.join, reader }).catch((error: unknown) => {
    say({ unreachable: error instanceof Error ? error.message : String(error) });
    return undefined;
  });
  if (client !== undefined) {
    parentPort?.on("message", (message: ToWorker) => void ("finish" in message ? client.finish() : client.fail(message.fail)).then(stopped));
    say({ watching: true });
  }
}
