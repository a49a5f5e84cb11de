/** What `npm run bench -- transport` runs on two ranks: MPI's own ping-pong and the transport's, in turns; rank 0 prints both. */
import { addressOf, MpiLibrary } from "../src/parallel/transports/mpi-library.ts";
import { openMpi } from "../src/parallel/transports/mpi.ts";
import { median } from "./timing.ts";

const ROUNDS = 15;
const SIZES = [{ bytes: 8, trips: 200 }, { bytes: 2 ** 16, trips: 100 }, { bytes: 2 ** 20, trips: 40 }, { bytes: 2 ** 24, trips: 4 }];

const transport = await openMpi();
const library = MpiLibrary.load();
const { world, byte } = library.handles;
const { rank } = transport;
const other = 1 - rank;

/** MPI_Send and MPI_Recv, which block, one after the other: what the library itself reaches. */
function pingPong(data: Uint8Array, trips: number): void {
  const address = addressOf(data);
  const status = new Uint8Array(64);
  for (let trip = 0; trip < trips; trip++) {
    if (rank === 0) library.call("Send", address, data.length, byte, other, 1, world);
    library.call("Recv", address, data.length, byte, other, 1, world, status);
    if (rank === 1) library.call("Send", address, data.length, byte, other, 1, world);
  }
}

async function sendReceive(data: Uint8Array, trips: number): Promise<void> {
  for (let trip = 0; trip < trips; trip++) {
    if (rank === 0) await transport.send(other, 2, data);
    await transport.receive(other, 2, data);
    if (rank === 1) await transport.send(other, 2, data);
  }
}

/** Microseconds of one way. */
async function timed(trips: number, work: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return ((performance.now() - start) * 1000) / trips / 2;
}

const results: object[] = [];
for (const { bytes, trips } of SIZES) {
  const data = new Uint8Array(bytes).fill(1);
  const [blocking, ours]: [number[], number[]] = [[], []];
  for (let round = -2; round < ROUNDS; round++) {
    const times = [await timed(trips, () => pingPong(data, trips)), await timed(trips, () => sendReceive(data, trips))] as const;
    if (round < 0) continue; // warm-up
    blocking.push(times[0]);
    ours.push(times[1]);
  }
  const [mpi, mine] = [median(blocking), median(ours)];
  const gigabytes = (microseconds: number): number => Number((bytes / microseconds / 1000).toPrecision(3));
  results.push({
    bytes, pingPong: gigabytes(mpi), transport: gigabytes(mine), ratio: Number((mpi / mine).toFixed(2)),
    pingPongMicroseconds: Number(mpi.toFixed(1)), transportMicroseconds: Number(mine.toFixed(1)),
  });
}
if (rank === 0) console.log(JSON.stringify(results));
await transport.close();
