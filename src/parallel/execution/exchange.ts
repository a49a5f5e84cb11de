import type { NumericArray } from "../../engines/engine.ts";
import type { Transport } from "../transport.ts";
import { rankOf, type Layout } from "./layout.ts";

/** Arrays that cross a border together have numbers below this. */
const ARRAYS = 64;

/** What goes from a stage to one beside it: activations forward, or their gradients backward. */
export interface Crossing {
  readonly direction: "F" | "B";
  readonly from: number;
  readonly to: number;
}

/** What stages hand each other during one step, within a device or between two. */
export class Exchange {
  readonly #transport: Transport;
  readonly #layout: Layout;
  readonly #replica: number;
  /** What this device has handed to itself, or has asked another for. */
  readonly #arrivals = new Map<string, Promise<NumericArray[]>>();
  readonly #sends: Promise<void>[] = [];

  constructor(transport: Transport, layout: Layout, replica: number) {
    this.#transport = transport;
    this.#layout = layout;
    this.#replica = replica;
  }

  send(direction: Crossing["direction"], from: number, to: number, microBatch: number, arrays: readonly NumericArray[]): void {
    const rank = this.#rankOf(to);
    if (rank === this.#transport.rank) {
      this.#arrivals.set(keyOf({ direction, from, to }, microBatch), Promise.resolve([...arrays]));
      return;
    }
    arrays.forEach(({ data }, at) => {
      const sent = this.#transport.send(rank, this.#tag(direction, to, microBatch, at), data);
      sent.catch(() => undefined); // reported by `finish`
      this.#sends.push(sent);
    });
  }

  /** Asks another device for arrays that will be taken. */
  expect(crossing: Crossing, microBatch: number, makeArrays: () => NumericArray<Float32Array>[]): void {
    const key = keyOf(crossing, microBatch);
    const rank = this.#rankOf(crossing.from);
    if (rank === this.#transport.rank || this.#arrivals.has(key)) return;
    const arrival = Promise.all(makeArrays().map(async (array, at) => {
      await this.#transport.receive(rank, this.#tag(crossing.direction, crossing.to, microBatch, at), array.data);
      return array;
    }));
    arrival.catch(() => undefined); // reported where it is awaited
    this.#arrivals.set(key, arrival);
  }

  /** Waits for what was expected, or was handed over within the device. */
  async take(crossing: Crossing, microBatch: number): Promise<NumericArray[]> {
    const key = keyOf(crossing, microBatch);
    const arrays = await this.#arrivals.get(key);
    if (arrays === undefined) throw new Error(`Stage ${crossing.to} takes what stage ${crossing.from} has not handed over; the schedule is out of order.`);
    this.#arrivals.delete(key);
    return arrays;
  }

  /** Waits until everything has been sent. */
  async finish(): Promise<void> {
    await Promise.all(this.#sends.splice(0));
  }

  #rankOf(stage: number): number {
    return rankOf({ replica: this.#replica, device: this.#layout.deviceOf[stage] ?? 0 }, this.#layout);
  }

  #tag(direction: Crossing["direction"], to: number, microBatch: number, array: number): number {
    const { stages } = this.#layout.schedule;
    return ((microBatch * stages + to) * 2 + (direction === "F" ? 0 : 1)) * ARRAYS + array;
  }
}

function keyOf({ direction, to }: Crossing, microBatch: number): string {
  return `${direction}.${to}.${microBatch}`;
}
