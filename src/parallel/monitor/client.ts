import { connect, type Socket } from "node:net";
import { z } from "zod";
import { TransportError } from "../transport.ts";
import { complain } from "./complain.ts";
import { watcherGone, watcherUnheard, type Failure, type Limits, type Member, type Watcher } from "./diagnosis.ts";
import { endProcess } from "./end-process.ts";
import { EXIT_LOST } from "./exit-lost.ts";
import { answer, greetingSchema, isAnswer, question, welcomeSchema } from "./handshake.ts";
import { onJsonLines, sendJson } from "./lines.ts";
import { Pulse } from "./pulse.ts";
import type { StateReader } from "./shared-state.ts";

/** Time in which a connection must stand, its handshake included. */
const CONNECT_MILLISECONDS = 5000;
/** Ranks that lose the watcher at the same moment speak one after another: the first that does ends the job. */
const STAGGER_MILLISECONDS = 100;
const LONGEST_STAGGER_MILLISECONDS = 2000;

const fromServerSchema = z.union([z.object({ beat: z.literal(true) }), z.object({ end: z.number().int() })]);

export interface ClientOptions {
  readonly me: Member;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly secret: string;
  readonly limits: Limits;
  readonly reader: StateReader;
}

/** Each rank's part: tells the watcher every second how it is, and ends its own process where the watcher says so or is gone. */
export class MonitorClient {
  readonly #options: ClientOptions;
  readonly #socket: Socket;
  readonly #watcher: Watcher;
  readonly #pulse: Pulse;
  #heard = performance.now();
  #ending = false;

  private constructor(options: ClientOptions, socket: Socket, watcher: Watcher) {
    this.#options = options;
    this.#socket = socket;
    this.#watcher = watcher;
    this.#pulse = new Pulse((now) => this.#beat(now), (now) => this.#restart(now));
  }

  /** Tries the watcher's addresses in turn; throws a TransportError where none of them leads there. */
  static async connect(options: ClientOptions): Promise<MonitorClient> {
    const { addresses, port, me } = options;
    for (const address of addresses) {
      const client = await MonitorClient.#connectTo(address, options).catch(() => undefined);
      if (client !== undefined) return client;
    }
    throw new TransportError(`Rank ${me.rank} on ${me.host} cannot reach the host of rank 0 by TCP at ${addresses.map((address) => `${address} port ${port}`).join(", ")}; the hosts of a job must accept connections from each other.`);
  }

  static #connectTo(address: string, options: ClientOptions): Promise<MonitorClient> {
    const { port, secret, me } = options;
    return new Promise((resolve, reject) => {
      const socket = connect(port, address);
      const asked = question();
      let client: MonitorClient | undefined;
      let introduced = false;
      const give = (): void => { if (client === undefined) socket.destroy(new Error("The handshake takes too long.")); };
      setTimeout(give, CONNECT_MILLISECONDS).unref();
      socket.on("error", reject);
      socket.on("close", () => {
        if (client === undefined) reject(new Error("It closed the connection."));
        else client.#lost(watcherGone(client.#watcher));
      });
      onJsonLines(socket, (value) => {
        if (client !== undefined) {
          client.#receive(fromServerSchema.parse(value));
        } else if (!introduced) {
          introduced = true;
          sendJson(socket, { answer: answer(secret, "rank", greetingSchema.parse(value).question), question: asked, ...me });
        } else {
          const { host, pid, ...proof } = welcomeSchema.parse(value);
          if (!isAnswer(proof.answer, secret, "watcher", asked)) throw new Error("It does not know the secret.");
          client = new MonitorClient(options, socket, { host, pid });
          resolve(client);
        }
      });
    });
  }

  /** This rank has done what it had to. */
  async finish(): Promise<void> {
    this.#ending = true;
    this.#pulse.stop();
    await new Promise<void>((resolve) => sendJson(this.#socket, { bye: true }, resolve));
    this.#socket.end();
  }

  /** This rank has failed; where it is not rank 0, the watcher says why, unless rank 0 finds the same. */
  async fail({ code, text }: Failure): Promise<void> {
    this.#ending = true;
    this.#pulse.stop();
    await new Promise<void>((resolve) => sendJson(this.#socket, { failed: code, why: text }, resolve));
  }

  #receive(message: z.infer<typeof fromServerSchema>): void {
    this.#heard = performance.now();
    if ("end" in message) endProcess(message.end); // why was said before
  }

  #beat(now: number): void {
    sendJson(this.#socket, { vitals: this.#options.reader.look(now) });
    const unheard = (now - this.#heard) / 1000;
    if (unheard > this.#options.limits.heartbeatSeconds) this.#lost(watcherUnheard(this.#watcher, unheard));
  }

  #restart(now: number): void {
    this.#heard = now;
    this.#options.reader.restart(now);
  }

  #lost(sentence: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#pulse.stop();
    setTimeout(() => {
      complain(sentence);
      endProcess(EXIT_LOST);
    }, Math.min(this.#options.me.rank * STAGGER_MILLISECONDS, LONGEST_STAGGER_MILLISECONDS));
  }
}
