import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { everyoneOf as everyone, TransportError } from "../transport.ts";
import { inProcessTransports, runRanks } from "./in-process.ts";

const seconds = (waitSeconds: number): { waitSeconds: number } => ({ waitSeconds });
const range = (count: number): number[] => Array.from({ length: count }, (_, at) => at);
const values = (rank: number, length: number, scale = 1): Float32Array => Float32Array.from({ length }, (_, at) => Math.sin(rank * 31 + at * 7) * scale);

/** Sums as one would write them down: rank 0 plus rank 1, plus rank 2, each rounded to single precision. */
function plainSum(arrays: readonly Float32Array[]): number[] {
  return range(arrays[0]?.length ?? 0).map((at) => arrays.map((array) => array[at] ?? NaN).reduce((sum, value) => Math.fround(sum + value)));
}

describe("collectives", () => {
  test.prop([fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 40 })])("all-reduce is the plain sum on each rank, bit by bit", async (size, length) => {
    const sums = await runRanks(size, async (transport) => {
      const data = values(transport.rank, length);
      await (await everyone(transport)).allReduce(data);
      return [...data];
    });
    const expected = plainSum(range(size).map((rank) => values(rank, length)));
    for (const sum of sums) expect(sum).toEqual(expected);
  });

  test.prop([fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 })])("reduce-scatter then all-gather is all-reduce, also where some hold nothing", async (counts) => {
    const whole = counts.reduce((sum, count) => sum + count, 0);
    const all = await runRanks(counts.length, async (transport) => {
      const group = await everyone(transport);
      const piece = new Float32Array(counts[transport.rank] ?? 0);
      await group.reduceScatter(values(transport.rank, whole), counts, piece);
      const gathered = new Float32Array(whole);
      await group.allGather(piece, counts, gathered);
      const reduced = values(transport.rank, whole);
      await group.allReduce(reduced);
      return { gathered: [...gathered], reduced: [...reduced] };
    });
    for (const { gathered, reduced } of all) expect(gathered).toEqual(reduced);
    expect(all[0]?.gathered).toEqual(plainSum(range(counts.length).map((rank) => values(rank, whole))));
  });

  test("a piece may lie in the whole that it is gathered into", async () => {
    const all = await runRanks(3, async (transport) => {
      const whole = new Float32Array(6).fill(-1);
      const piece = whole.subarray(2 * transport.rank, 2 * transport.rank + 2).fill(transport.rank);
      await (await everyone(transport)).allGather(piece, [2, 2, 2], whole);
      return [...whole];
    });
    for (const whole of all) expect(whole).toEqual([0, 0, 1, 1, 2, 2]);
  });

  test.prop([fc.integer({ min: 2, max: 6 }), fc.nat()])("groups that overlap work apart from each other, from any root", async (size, pick) => {
    const root = pick % size;
    await runRanks(size, async (transport) => {
      const { rank } = transport;
      const all = await everyone(transport);
      const half = await transport.group(range(size).filter((other) => other % 2 === rank % 2));
      const bytes = Uint8Array.of(rank === root ? 77 : 0);
      const sum = Float64Array.of(rank);
      await Promise.all([all.broadcast(bytes, root), half.allReduce(sum)]);
      expect([...bytes]).toEqual([77]);
      expect(sum[0]).toBe(half.ranks.reduce((total, other) => total + other, 0));
    });
  });
});

describe("messages", () => {
  test.prop([fc.integer({ min: 1, max: 5 }), fc.array(fc.tuple(fc.nat(2), fc.nat(6)), { maxLength: 30 })])("keep their order under each tag, from each rank to each", async (size, sent) => {
    await runRanks(size, async (transport) => {
      const { rank } = transport;
      const sends = range(size).flatMap((to) => sent.map(([tag, length], at) => {
        const data = Int32Array.from({ length }, () => at * 100 + rank);
        const done = transport.send(to, tag, data);
        data.fill(-1); // a message is a copy
        return done;
      }));
      for (const from of range(size)) {
        for (const tag of [2, 0, 1]) {
          for (const [at, [itsTag, length]] of sent.entries()) {
            if (itsTag !== tag) continue;
            const into = new Int32Array(length);
            await transport.receive(from, tag, into);
            expect([...into]).toEqual(Array.from({ length }, () => at * 100 + from));
          }
        }
      }
      await Promise.all(sends);
      await transport.close();
    });
  });

  test("a send that is waited for before the other side receives hangs, and the error says on whom", async () => {
    const exchange = runRanks(2, async (transport) => {
      const other = 1 - transport.rank;
      await transport.send(other, 5, new Float32Array(3));
      await transport.receive(other, 5, new Float32Array(3));
    }, seconds(0.05));
    await expect(exchange).rejects.toThrow("Rank 0 waited for rank 1 to receive 3 Float32 elements under tag 5, for 0.05 s.");
  });
});

test("a transport is closed once, whoever asks again", async () => {
  await runRanks(2, async (transport) => {
    await transport.close();
    if (transport.rank === 0) await transport.close();
  }, seconds(0.05));
});

test("a Buffer of Node is an array of bytes", async () => {
  await runRanks(2, async (transport) => {
    if (transport.rank === 0) return transport.send(1, 0, Buffer.from("to"));
    const into = new Uint8Array(2);
    await transport.receive(0, 0, into);
    expect([...into]).toEqual([116, 111]);
  });
});

describe("errors", () => {
  test("a rank that ends fails what the others wait for, and what they begin later", async () => {
    const seen: unknown[] = [];
    const job = runRanks(3, async (transport) => {
      if (transport.rank === 1) throw new Error("out of memory");
      const waiting = transport.rank === 0 ? transport.receive(1, 0, new Uint8Array(1)) : (await everyone(transport)).allReduce(new Float32Array(1));
      await waiting.catch((error: unknown) => seen.push(error));
      await transport.receive(1, 0, new Uint8Array(1)).catch((error: unknown) => seen.push(error));
    });
    await expect(job).rejects.toThrow("out of memory");
    expect(seen).toHaveLength(4);
    for (const error of seen) {
      expect(error).toBeInstanceOf(TransportError);
      expect(String(error)).toContain("Rank 1 has ended: out of memory");
    }
  });

  test("waiting too long names whom one waits for", async () => {
    const alone = inProcessTransports(3, seconds(0.02));
    await expect(alone[2]?.receive(0, 4, new Uint8Array(1))).rejects.toThrow("Rank 2 waited for a message of rank 0 under tag 4, for 0.02 s.");
    const [zero, , two] = alone;
    if (zero === undefined || two === undefined) throw new Error("There are three.");
    const sums = [(await everyone(zero)).allReduce(new Float32Array(2)), (await everyone(two)).allReduce(new Float32Array(2))];
    await expect(sums[1]).rejects.toThrow("Rank 2 waited for rank 1 to join: all-reduce of 2 Float32 elements");
    await expect(sums[0]).rejects.toThrow("waited for rank 1");
  });

  test("a message of another length or type is named", async () => {
    const receive = (data: Float32Array | Int32Array) => runRanks(2, (transport) => (
      transport.rank === 0 ? transport.send(1, 9, data) : transport.receive(0, 9, new Float32Array(4))));
    await expect(receive(new Float32Array(3))).rejects.toThrow("Rank 1 received 3 Float32 elements from rank 0 under tag 9 where it expected 4 Float32 elements.");
    await expect(receive(new Int32Array(4))).rejects.toThrow("received 4 Int32 elements");
  });

  test("ranks that do different things at once are named", async () => {
    await expect(runRanks(2, async (transport) => {
      const group = await everyone(transport);
      await (transport.rank === 0 ? group.allReduce(new Float32Array(2)) : group.broadcast(new Float32Array(2)));
    })).rejects.toThrow("rank 0 all-reduce of 2 Float32 elements, rank 1 broadcast of 2 Float32 elements by the one at 0");
  });

  test("counts that do not fit are refused", async () => {
    await expect(runRanks(1, async (transport) => (await everyone(transport)).reduceScatter(new Float32Array(3), [2], new Float32Array(2))))
      .rejects.toThrow("the whole has 3 elements where the counts add up to 2");
    await expect(runRanks(1, async (transport) => transport.send(1, 0, new Uint8Array(1)))).rejects.toThrow("there is no rank 1; ranks are 0 to 0");
  });
});
