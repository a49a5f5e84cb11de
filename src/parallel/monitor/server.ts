import { createServer, type Server, type Socket } from "node:net";
import { z } from "zod";
import { complain } from "./complain.ts";
import { diagnose, goneAway, goneEarly, nameMember, neverCame, type Limits, type Member, type Patient } from "./diagnosis.ts";
import { EXIT_LOST } from "./exit-lost.ts";
import { answer, introductionSchema, isAnswer, question } from "./handshake.ts";
import { onJsonLines, sendJson } from "./lines.ts";
import { Pulse } from "./pulse.ts";
import type { Vitals } from "./shared-state.ts";

/** Who does not say who it is within so long is not of this job. */
const INTRODUCTION_MILLISECONDS = 10_000;
/** Time in which all ranks must have come. */
export const GATHER_MILLISECONDS = 60_000;
/** So long the news of an end may take to the ranks. */
const FAREWELL_MILLISECONDS = 300;
/** Time in which rank 0 may find the same error itself. */
const GRACE_MILLISECONDS = 3000;
/** All ranks are silent for so long, in seconds, only where the whole job stands still, as after Ctrl-Z. */
const STANDSTILL = 3;

const fromRankSchema = z.union([
  z.object({ vitals: z.object({ silent: z.number(), idle: z.number(), waiting: z.string().optional() }) }),
  z.object({ bye: z.literal(true) }),
  z.object({ failed: z.number().int(), why: z.string() }),
]);

interface Guest extends Member {
  readonly socket: Socket;
  vitals: Vitals;
  heard: number;
}

export interface ServerOptions {
  /** The process that watches. */
  readonly host: string;
  readonly pid: number;
  /** Ranks of the job. */
  readonly size: number;
  readonly secret: string;
  readonly limits: Limits;
  /** @param lost where the job has not done what it had to */
  readonly onEnd: (lost: boolean) => void;
}

/** Hears from each rank every second, and ends the job where one is gone, silent or stuck. */
export class MonitorServer {
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #guests = new Map<number, Guest>();
  /** Ranks that have done what they had to. */
  readonly #finished = new Set<number>();
  readonly #pulse: Pulse;
  #standstill = false;
  #ending = false;

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#pulse = new Pulse((now) => this.#beat(now), (now) => this.#restart(now));
    setTimeout(() => {
      const missing = this.#missing();
      if (missing.length > 0) this.#end(EXIT_LOST, neverCame(missing, GATHER_MILLISECONDS / 1000));
    }, GATHER_MILLISECONDS).unref();
  }

  /** Listens on all interfaces, at a port that is free, which it gives. */
  static listen(options: ServerOptions): Promise<number> {
    const monitor = new MonitorServer(options);
    return new Promise<number>((resolve, reject) => {
      monitor.#server.on("error", reject);
      monitor.#server.listen(0, () => {
        const address = monitor.#server.address();
        if (address !== null && typeof address === "object") resolve(address.port);
      });
    });
  }

  #welcome(socket: Socket): void {
    const { secret, size, host, pid } = this.#options;
    const asked = question();
    let guest: Guest | undefined;
    const impatience = setTimeout(() => { if (guest === undefined) socket.destroy(); }, INTRODUCTION_MILLISECONDS);
    const leave = (): void => {
      clearTimeout(impatience);
      socket.destroy();
      if (guest !== undefined) this.#leave(guest);
    };
    socket.on("error", leave).on("end", leave).on("close", leave);
    sendJson(socket, { question: asked });
    onJsonLines(socket, (value) => {
      if (guest !== undefined) {
        guest.heard = performance.now();
        this.#receive(guest, fromRankSchema.parse(value));
        return;
      }
      const { rank, host: itsHost, pid: itsPid, ...proof } = introductionSchema.parse(value);
      if (!isAnswer(proof.answer, secret, "rank", asked) || rank >= size || this.#guests.has(rank)) {
        socket.destroy();
        return;
      }
      guest = { rank, host: itsHost, pid: itsPid, socket, vitals: { silent: 0, idle: 0 }, heard: performance.now() };
      this.#guests.set(rank, guest);
      sendJson(socket, { answer: answer(secret, "watcher", proof.question), host, pid });
    });
  }

  #receive(guest: Guest, message: z.infer<typeof fromRankSchema>): void {
    if ("vitals" in message) {
      guest.vitals = message.vitals;
    } else if ("bye" in message) {
      this.#finished.add(guest.rank);
      if (this.#finished.size === this.#options.size) this.#close(false);
    } else if (guest.rank === 0) {
      this.#ending = true;
      setTimeout(() => this.#finish(message.failed), GRACE_MILLISECONDS); // it has said why by then
    } else if (!this.#ending) {
      this.#finished.add(guest.rank);
      setTimeout(() => this.#end(message.failed, `${nameMember(guest)}: ${message.why}`), GRACE_MILLISECONDS);
    }
  }

  #leave(guest: Guest): void {
    const missing = this.#missing();
    if (!this.#finished.has(guest.rank)) this.#end(EXIT_LOST, missing.length === 0 ? goneAway(guest) : goneEarly(guest, missing));
  }

  /** Ranks that have not come yet. */
  #missing(): number[] {
    return Array.from({ length: this.#options.size }, (_, rank) => rank).filter((rank) => !this.#guests.has(rank));
  }

  #beat(now: number): void {
    this.#tell({ beat: true });
    const patients: Patient[] = [...this.#guests.values()]
      .filter(({ rank }) => !this.#finished.has(rank))
      .sort((one, two) => one.rank - two.rank)
      .map((guest) => ({ ...guest, unheard: (now - guest.heard) / 1000 }));
    const standstill = patients.length > 0 && patients.every(({ unheard }) => unheard > STANDSTILL);
    if (this.#standstill && !standstill) this.#restart(now);
    else if (!standstill && this.#guests.size === this.#options.size) this.#judge(patients);
    this.#standstill = standstill;
  }

  #judge(patients: readonly Patient[]): void {
    const sentence = diagnose(patients, this.#options.limits);
    if (sentence !== undefined) this.#end(EXIT_LOST, sentence);
  }

  #restart(now: number): void {
    for (const guest of this.#guests.values()) {
      guest.heard = now;
      guest.vitals = { silent: 0, idle: 0 };
    }
  }

  #end(code: number, sentence: string): void {
    if (this.#ending) return;
    this.#ending = true;
    complain(sentence);
    this.#finish(code);
  }

  #finish(code: number): void {
    this.#tell({ end: code });
    setTimeout(() => this.#close(true), FAREWELL_MILLISECONDS);
  }

  #tell(message: object): void {
    for (const { socket } of this.#guests.values()) sendJson(socket, message);
  }

  #close(lost: boolean): void {
    this.#ending = true;
    this.#pulse.stop();
    this.#server.close();
    for (const { socket } of this.#guests.values()) socket.destroy();
    this.#options.onEnd(lost);
  }
}
