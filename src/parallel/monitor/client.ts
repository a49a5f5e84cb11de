import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { TransportError } from "../transport.ts";
import { goneAway, unheardFrom, type Limits, type Member } from "./diagnosis.ts";
import { complain, endProcess, EXIT_LOST } from "./end-process.ts";
import { answer, greetingSchema, isAnswer, question, welcomeSchema } from "./handshake.ts";
import { onJsonLines, sendJson } from "./lines.ts";
import { Pulse } from "./pulse.ts";
import { GRACE_MILLISECONDS } from "./server.ts";
import type { StateReader } from "./shared-state.ts";

/** Time in which a connection must stand, its handshake included. */
const CONNECT_MILLISECONDS = 5000;
/** Ranks that lose rank 0 at the same moment speak one after another: the first that does ends the job. */
const STAGGER_MILLISECONDS = 100;
const LONGEST_STAGGER_MILLISECONDS = 2000;

const fromServerSchema = z.union([
  z.object({ beat: z.literal(true) }),
  z.object({ end: z.number().int() }),
  z.object({ failed: z.number().int() }),
]);

export interface ClientOptions {
  readonly me: Member;
  readonly addresses: readonly string[];
  readonly port: number;
  readonly secret: string;
  readonly limits: Limits;
  readonly reader: StateReader;
}

/** The part of each other rank: tells rank 0 every second how it is, and ends its own process where rank 0 is gone. */
export class MonitorClient {
  readonly #options: ClientOptions;
  readonly #socket: Socket;
  readonly #server: Member;
  readonly #pulse: Pulse;
  #heard = performance.now();
  #ending = false;

  private constructor(options: ClientOptions, socket: Socket, server: Member) {
    this.#options = options;
    this.#socket = socket;
    this.#server = server;
    this.#pulse = new Pulse((now) => this.#beat(now), (now) => this.#restart(now));
  }

  /** Tries rank 0's addresses in turn; throws a TransportError where none of them leads there. */
  static async connect(options: ClientOptions): Promise<MonitorClient> {
    const { addresses, port, me } = options;
    for (const address of addresses) {
      const client = await MonitorClient.#connectTo(address, options).catch(() => undefined);
      if (client !== undefined) return client;
    }
    throw new TransportError(`Rank ${me.rank} on ${me.host} cannot reach rank 0 by TCP at ${addresses.map((address) => `${address} port ${port}`).join(", ")}; the hosts of a job must accept connections from each other.`);
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
        else client.#lost(goneAway(client.#server));
      });
      onJsonLines(socket, (value) => {
        if (client !== undefined) {
          client.#receive(fromServerSchema.parse(value));
        } else if (!introduced) {
          introduced = true;
          sendJson(socket, { answer: answer(secret, "rank", greetingSchema.parse(value).question), question: asked, ...me });
        } else {
          const { host, pid, ...proof } = welcomeSchema.parse(value);
          if (!isAnswer(proof.answer, secret, "rank 0", asked)) throw new Error("It does not know the secret.");
          client = new MonitorClient(options, socket, { rank: 0, host, pid });
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

  /** This rank has failed, and says why itself. */
  async fail(code: number): Promise<void> {
    this.#ending = true;
    this.#pulse.stop();
    await new Promise<void>((resolve) => sendJson(this.#socket, { failed: code }, resolve));
  }

  #receive(message: z.infer<typeof fromServerSchema>): void {
    this.#heard = performance.now();
    if ("end" in message) {
      endProcess(message.end); // rank 0 says why
    } else if ("failed" in message && !this.#ending) {
      this.#ending = true;
      this.#pulse.stop();
      setTimeout(() => endProcess(message.failed), GRACE_MILLISECONDS);
    }
  }

  #beat(now: number): void {
    sendJson(this.#socket, { vitals: this.#options.reader.look(now) });
    const unheard = (now - this.#heard) / 1000;
    if (unheard > this.#options.limits.heartbeatSeconds) this.#lost(unheardFrom(this.#server, unheard));
  }

  #restart(now: number): void {
    this.#heard = now;
    this.#options.reader.restart(now);
  }

  #lost(sentence: string): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#pulse.stop();
    const stagger = Math.min((this.#options.me.rank - 1) * STAGGER_MILLISECONDS, LONGEST_STAGGER_MILLISECONDS);
    void delay(stagger).then(() => {
      complain(sentence);
      endProcess(EXIT_LOST);
    });
  }
}
