import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";
import { Worker } from "node:worker_threads";
import { z } from "zod";
import { TransportError, type Group } from "../transport.ts";
import type { ObservedTransport } from "../transports/open-transport.ts";
import type { Limits } from "./diagnosis.ts";
import { createSharedState, writeState } from "./shared-state.ts";
import type { FromWorker, ToWorker, WorkerTask } from "./worker.ts";

export type MonitorOptions = Partial<Limits>;

const DEFAULTS: Limits = { heartbeatSeconds: 10, stallSeconds: 600 };
const LOOK_MILLISECONDS = 250;
/** Time in which all ranks must have reached rank 0. */
const GATHER_MILLISECONDS = 60_000;
const NOTICE_BYTES = 8192;

const noticeSchema = z.object({
  secret: z.string(), port: z.number(), host: z.string(), boot: z.string(), addresses: z.array(z.string()),
  limits: z.object({ heartbeatSeconds: z.number(), stallSeconds: z.number() }),
});
type Notice = z.infer<typeof noticeSchema>;

/** Watches a job while it runs. */
export class Monitor {
  readonly #worker: MonitorWorker;
  readonly #timer: NodeJS.Timeout;

  private constructor(worker: MonitorWorker, timer: NodeJS.Timeout) {
    this.#worker = worker;
    this.#timer = timer;
  }

  /**
   * Begins to watch; all ranks call it. From then on a rank that dies, is silent for `heartbeatSeconds`, or lets the job
   * make no progress for `stallSeconds`, ends the whole job with exit code 75 and one sentence that names it.
   *
   * Throws a TransportError where the ranks cannot reach rank 0 by TCP.
   */
  static async start(transport: ObservedTransport, options: MonitorOptions = {}): Promise<Monitor> {
    const state = createSharedState();
    const look = (): void => writeState(state, transport.activity());
    const timer = setInterval(look, LOOK_MILLISECONDS).unref();
    const { rank, size } = transport;
    const me = { rank, host: hostname(), pid: process.pid };
    const everyone = await transport.group(Array.from({ length: size }, (_, each) => each));
    let worker: MonitorWorker;
    if (rank === 0) {
      const [secret, limits] = [randomBytes(32).toString("hex"), { ...DEFAULTS, ...options }];
      worker = new MonitorWorker({ state, serve: { me, size, secret, limits } });
      const { port } = await worker.next("port");
      const complete = worker.next("watching", GATHER_MILLISECONDS);
      await announce(everyone, { secret, port, host: me.host, boot: bootId(), addresses: ownAddresses(), limits });
      await complete;
    } else {
      const { secret, port, limits, host, boot, addresses } = await announce(everyone);
      const sameHost = host === me.host && boot === bootId();
      worker = new MonitorWorker({ state, join: { me, port, secret, limits, addresses: sameHost ? ["127.0.0.1", ...addresses] : addresses } });
      await worker.next("watching");
    }
    return new Monitor(worker, timer);
  }

  /**
   * This rank has done what it had to, or has failed: then the others end, too, with its exit code. On rank 0 it resolves
   * when all ranks have done what they had to.
   */
  async stop(failedWith?: number): Promise<void> {
    await this.#worker.end(failedWith === undefined ? { finish: true } : { fail: failedWith });
    clearInterval(this.#timer);
  }
}

class MonitorWorker {
  readonly #worker: Worker;
  readonly #heard: FromWorker[] = [];

  constructor(task: WorkerTask) {
    // The compiled package has .js where its source has .ts.
    this.#worker = new Worker(new URL(import.meta.url.replace(/monitor(\.[jt]s)$/, "worker$1")), { workerData: task });
    this.#worker.unref();
    this.#worker.on("message", (message: FromWorker) => this.#heard.push(message));
  }

  /** Waits for what the worker says. */
  async next<Key extends string>(key: Key, milliseconds = GATHER_MILLISECONDS): Promise<Extract<FromWorker, Record<Key, unknown>>> {
    const signal = AbortSignal.timeout(milliseconds);
    for (;;) {
      const message = this.#heard.find((each): each is Extract<FromWorker, Record<Key, unknown>> => key in each);
      if (message !== undefined) return message;
      const refusal = this.#heard.find((each) => "unreachable" in each);
      if (refusal !== undefined && "unreachable" in refusal) throw new TransportError(refusal.unreachable);
      await once(this.#worker, "message", { signal }).catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw new TransportError(`Not all ranks have reached rank 0 by TCP in ${milliseconds / 1000} s; the hosts of a job must accept connections from each other.`);
      });
    }
  }

  async end(message: ToWorker): Promise<void> {
    this.#worker.postMessage(message);
    while (!this.#heard.some((each) => "stopped" in each)) await once(this.#worker, "message");
    await this.#worker.terminate();
  }
}

/** What rank 0 tells the others. */
async function announce(everyone: Group, notice?: Notice): Promise<Notice> {
  const bytes = new Uint8Array(NOTICE_BYTES);
  if (notice !== undefined) new TextEncoder().encodeInto(JSON.stringify(notice), bytes);
  await everyone.broadcast(bytes);
  return noticeSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)))));
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
