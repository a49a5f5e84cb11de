/** The thread that tells how its rank is: the main one may be in a call of the engine for minutes. */
import { parentPort, workerData } from "node:worker_threads";
import { MonitorClient, type ClientOptions } from "./client.ts";
import type { Failure } from "./diagnosis.ts";
import { StateReader, type SharedState } from "./shared-state.ts";

/** What the main thread gives to begin with. */
export interface WorkerTask extends Omit<ClientOptions, "reader"> {
  readonly state: SharedState;
}

/** What the main thread says later: the rank has done what it had to, or has failed. */
export type ToWorker = { readonly finish: true } | { readonly fail: Failure };

export type FromWorker = { readonly watched: true } | { readonly stopped: true } | { readonly unreachable: string };

const { state, ...options } = workerData as WorkerTask;
const say = (message: FromWorker): void => parentPort?.postMessage(message);

try {
  const client = await MonitorClient.connect({ ...options, reader: new StateReader(state, performance.now()) });
  parentPort?.on("message", (message: ToWorker) => {
    void ("finish" in message ? client.finish() : client.fail(message.fail)).then(() => say({ stopped: true }));
  });
  say({ watched: true });
} catch (error) {
  say({ unreachable: error instanceof Error ? error.message : String(error) });
}
