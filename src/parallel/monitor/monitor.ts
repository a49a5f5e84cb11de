import { fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { everyoneOf, TransportError, type Group } from "../transport.ts";
import type { ObservedTransport } from "../transports/open-transport.ts";
import type { Failure, Limits } from "./diagnosis.ts";
import { lingerAtAbort } from "./linger.ts";
import { GATHER_MILLISECONDS } from "./server.ts";
import { createSharedState, writeState } from "./shared-state.ts";
import { findStarter } from "./starter.ts";
import type { WatcherTask } from "./watcher.ts";
import type { FromWorker, ToWorker, WorkerTask } from "./worker.ts";

export type MonitorOptions = Partial<Limits>;

const DEFAULTS: Limits = { heartbeatSeconds: 10, stallSeconds: 600 };
const LOOK_MILLISECONDS = 250;
const NOTICE_BYTES = 8192;

/** What the ranks must know to reach the watcher. */
const noticeSchema = z.object({
  secret: z.string(), port: z.number(), host: z.string(), boot: z.string(), addresses: z.array(z.string()),
  limits: z.object({ heartbeatSeconds: z.number(), stallSeconds: z.number() }),
});
type Notice = z.infer<typeof noticeSchema>;

/** Watches a job while it runs. */
export class Monitor {
  readonly #worker: Worker;
  readonly #timer: NodeJS.Timeout;

  private constructor(worker: Worker, timer: NodeJS.Timeout) {
    this.#worker = worker;
    this.#timer = timer;
  }

  /**
   * Begins to watch; all ranks call it. From then on a rank that dies, is silent for `heartbeatSeconds` (10), or lets the
   * job make no progress for `stallSeconds` (600), ends the whole job with exit code 75 and one sentence that names it.
   * Runs of compiled programs are progress, and so are operations with other ranks.
   *
   * Throws a TransportError where the ranks cannot reach rank 0's host by TCP.
   */
  static async start(transport: ObservedTransport, options: MonitorOptions = {}): Promise<Monitor> {
    const state = createSharedState();
    const timer = setInterval(() => writeState(state, transport.activity()), LOOK_MILLISECONDS).unref();
    const { rank, size } = transport;
    const everyone = await everyoneOf(transport);
    const own = rank === 0 ? await startWatcher({ size, secret: randomBytes(32).toString("hex"), limits: { ...DEFAULTS, ...options }, starter: findStarter() }) : undefined;
    const { secret, port, limits, host, boot, addresses } = await announce(everyone, own);
    const sameHost = host === hostname() && boot === bootId();
    const task: WorkerTask = {
      state, secret, port, limits, me: { rank, host: hostname(), pid: process.pid },
      addresses: sameHost ? ["127.0.0.1", ...addresses] : addresses,
    };
    const worker = new Worker(moduleBeside("worker"), { workerData: task });
    worker.unref();
    const [message] = await once(worker, "message") as [FromWorker];
    if ("unreachable" in message) throw new TransportError(message.unreachable);
    lingerAtAbort();
    return new Monitor(worker, timer);
  }

  /**
   * This rank has done what it had to, or has failed: the others end by the failure, with its exit code. What failed on
   * rank 0, that says itself; for any other rank it is said where rank 0 does not find the same within three seconds.
   */
  async stop(failure?: Failure): Promise<void> {
    const message: ToWorker = failure === undefined ? { finish: true } : { fail: failure };
    this.#worker.postMessage(message);
    await once(this.#worker, "message");
    clearInterval(this.#timer);
  }
}

/** Starts the process that watches, in a session of its own: what ends the ranks must not end it. */
async function startWatcher(task: WatcherTask): Promise<Notice> {
  const watcher = fork(moduleBeside("watcher"), { detached: true, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  watcher.send(task);
  const [message] = await Promise.race([
    once(watcher, "message", { signal: AbortSignal.timeout(GATHER_MILLISECONDS) }),
    once(watcher, "exit").then(() => { throw new TransportError("The process that watches the job could not be started."); }),
  ]) as [{ port: number }];
  watcher.unref();
  const { secret, limits } = task;
  return { secret, limits, port: message.port, host: hostname(), boot: bootId(), addresses: ownAddresses() };
}

/** What rank 0 tells the others. */
async function announce(everyone: Group, notice?: Notice): Promise<Notice> {
  const bytes = new Uint8Array(NOTICE_BYTES);
  if (notice !== undefined) new TextEncoder().encodeInto(JSON.stringify(notice), bytes);
  await everyone.broadcast(bytes);
  return noticeSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))));
}

/** A module of this folder: the compiled package has .js where its source has .ts. */
function moduleBeside(name: string): URL {
  return new URL(import.meta.url.replace(/monitor(\.[jt]s)$/, `${name}$1`));
}

/** Where others may reach this host: what it is called by on its networks, first by IPv4. */
function ownAddresses(): string[] {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const reachable = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80"));
  return reachable.sort((one, two) => one.family.localeCompare(two.family)).map(({ address }) => address).slice(0, 32);
}

/** Hosts of one name need not be one: containers often share theirs. */
function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}
