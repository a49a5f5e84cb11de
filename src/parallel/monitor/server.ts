import { createServer, type Server, type Socket } from "node:net";
import { z } from "zod";
import { diagnose, goneAway, nameMember, type Limits, type Member, type Patient } from "./diagnosis.ts";
import { complain, endProcess, EXIT_LOST } from "./end-process.ts";
import { answer, introductionSchema, isAnswer, question } from "./handshake.ts";
import { onJsonLines, sendJson } from "./lines.ts";
import { Pulse } from "./pulse.ts";
import type { StateReader, Vitals } from "./shared-state.ts";

/** Who does not say who it is within so long is not of this job. */
const INTRODUCTION_MILLISECONDS = 10_000;
/** So long the news of an end may take to the other ranks. */
const FAREWELL_MILLISECONDS = 300;
/** Time in which the other ranks may find the same error themselves. */
export const GRACE_MILLISECONDS = 3000;

export const fromRankSchema = z.union([
  z.object({ vitals: z.object({ silent: z.number(), idle: z.number(), waiting: z.string().optional() }) }),
  z.object({ bye: z.literal(true) }),
  z.object({ failed: z.number().int() }),
]);

interface Guest extends Member {
  readonly socket: Socket;
  vitals: Vitals;
  heard: number;
}

export interface ServerOptions {
  readonly me: Member;
  readonly size: number;
  readonly secret: string;
  readonly limits: Limits;
  readonly reader: StateReader;
  /** All ranks are connected. */
  readonly onComplete: () => void;
  /** All ranks have done what they had to, or this one has failed and the others know. */
  readonly onStopped: () => void;
}

/** Rank 0's part: hears from each rank every second, and ends the job where one is gone, silent or stuck. */
export class MonitorServer {
  readonly #options: ServerOptions;
  readonly #server: Server;
  readonly #guests = new Map<number, Guest>();
  /** Ranks that have done what they had to. */
  readonly #finished = new Set<number>();
  readonly #pulse: Pulse;
  #failing = false;

  private constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#pulse = new Pulse((now) => this.#beat(now), (now) => this.#restart(now));
  }

  /** Listens on all interfaces, at a port that is free. */
  static async listen(options: ServerOptions): Promise<{ server: MonitorServer; port: number }> {
    const monitor = new MonitorServer(options);
    const port = await new Promise<number>((resolve, reject) => {
      monitor.#server.on("error", reject);
      monitor.#server.listen(0, () => {
        const address = monitor.#server.address();
        if (address !== null && typeof address === "object") resolve(address.port);
      });
    });
    return { server: monitor, port };
  }

  /** This rank has done what it had to; the others are watched until they have, too. */
  finish(): void {
    this.#finished.add(0);
    this.#stopWhenAllFinished();
  }

  /** This rank has failed and says why itself; the others end unless they find the same in time. */
  fail(code: number): void {
    this.#failing = true;
    this.#pulse.stop();
    let left = this.#guests.size;
    if (left === 0) this.#options.onStopped();
    for (const { socket } of this.#guests.values()) sendJson(socket, { failed: code }, () => { if (--left === 0) this.#options.onStopped(); });
  }

  #welcome(socket: Socket): void {
    const { secret, size, me } = this.#options;
    const asked = question();
    let guest: Guest | undefined;
    const impatience = setTimeout(() => { if (guest === undefined) socket.destroy(); }, INTRODUCTION_MILLISECONDS);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      clearTimeout(impatience);
      if (guest !== undefined) this.#leave(guest);
    });
    sendJson(socket, { question: asked });
    onJsonLines(socket, (value) => {
      if (guest !== undefined) {
        guest.heard = performance.now();
        this.#receive(guest, fromRankSchema.parse(value));
        return;
      }
      const { rank, host, pid, ...proof } = introductionSchema.parse(value);
      if (!isAnswer(proof.answer, secret, "rank", asked) || rank >= size || this.#guests.has(rank)) {
        socket.destroy();
        return;
      }
      guest = { rank, host, pid, socket, vitals: { silent: 0, idle: 0 }, heard: performance.now() };
      this.#guests.set(rank, guest);
      sendJson(socket, { answer: answer(secret, "rank 0", proof.question), host: me.host, pid: me.pid });
      if (this.#guests.size === size - 1) this.#options.onComplete();
    });
  }

  #receive(guest: Guest, message: z.infer<typeof fromRankSchema>): void {
    if ("vitals" in message) {
      guest.vitals = message.vitals;
    } else if ("bye" in message) {
      this.#finished.add(guest.rank);
      this.#stopWhenAllFinished();
    } else {
      this.#failing = true;
      setTimeout(() => this.#end(message.failed, `${nameMember(guest)} has failed, for the reason that it gives. The job ends.`), GRACE_MILLISECONDS);
    }
  }

  #leave(guest: Guest): void {
    if (this.#finished.has(guest.rank) || this.#failing) return;
    this.#end(EXIT_LOST, goneAway(guest));
  }

  #beat(now: number): void {
    const { me, limits, reader } = this.#options;
    const patients: Patient[] = [...this.#guests.values()].map((guest) => ({ ...guest, unheard: (now - guest.heard) / 1000 }));
    patients.push({ ...me, unheard: 0, vitals: reader.look(now) });
    for (const { socket } of this.#guests.values()) sendJson(socket, { beat: true });
    if (this.#failing) return;
    const working = patients.filter(({ rank }) => !this.#finished.has(rank)).sort((one, two) => one.rank - two.rank);
    const sentence = diagnose(working, limits);
    if (sentence !== undefined) this.#end(EXIT_LOST, sentence);
  }

  #restart(now: number): void {
    this.#options.reader.restart(now);
    for (const guest of this.#guests.values()) {
      guest.heard = now;
      guest.vitals = { silent: 0, idle: 0 };
    }
  }

  #end(code: number, sentence: string): void {
    complain(sentence); // first, for mpirun may end this process as soon as it sees another end
    this.#failing = true;
    for (const { socket } of this.#guests.values()) sendJson(socket, { end: code });
    setTimeout(() => endProcess(code), FAREWELL_MILLISECONDS);
  }

  #stopWhenAllFinished(): void {
    if (this.#finished.size < this.#options.size) return;
    this.#pulse.stop();
    this.#server.close();
    for (const { socket } of this.#guests.values()) socket.end();
    this.#options.onStopped();
  }
}
