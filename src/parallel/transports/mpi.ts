import { TransportError, type Group, type Message, type Transport } from "../transport.ts";
import { checkCounts, checkPeer, checkPlace, checkTag, describeArray, nameRanks, placeAmong, WAIT_SECONDS, type TransportOptions } from "./checks.ts";
import { startedJob } from "./job.ts";
import { THREAD_FUNNELED, type FunctionName, type Handle } from "./mpi-functions.ts";
import { addressOf, MpiLibrary, readIntAt } from "./mpi-library.ts";
import { Requests, type Held } from "./mpi-requests.ts";
import { Waits } from "./waits.ts";

/** MPI counts elements in a C int. */
const MOST_ELEMENTS = 2 ** 31 - 1;

let opened = false;

/**
 * The ranks that `mpirun` or `srun` started, this process among them, over the MPI library that is installed: Open MPI 4
 * or 5, MPICH 3.2 or later, or what keeps MPICH's binary interface. Once a process.
 *
 * Throws a TransportError where no library is found, or where it knows of another number of ranks than were started.
 */
export async function openMpi({ waitSeconds = WAIT_SECONDS }: TransportOptions = {}): Promise<Transport> {
  if (opened) throw new TransportError("MPI can be started once a process, which was done before; pass the transport on instead.");
  opened = true;
  const library = MpiLibrary.load();
  library.call("Init_thread", null, null, THREAD_FUNNELED, new Int32Array(1));
  const { world, errorsReturn } = library.handles;
  library.call("Comm_set_errhandler", world, errorsReturn);
  const [rank, size] = [readInt(library, "Comm_rank", world), readInt(library, "Comm_size", world)];
  const job = startedJob();
  if (job !== undefined && job.size !== size) {
    library.call("Finalize");
    throw new TransportError(`${job.startedBy} started ${job.size} processes, of which ${library.file} sees ${size}: it is not the library of what started them; ${
      job.startedBy === "srun" ? "start them by srun --mpi=pmix or --mpi=pmi2, whichever the library was built for, or by its own mpirun" : "use its own mpirun, or name the right library by DECADE_MPI_LIBRARY"}.`);
  }
  return new MpiTransport(library, rank, size, waitSeconds, job?.local ?? 1);
}

class MpiTransport implements Transport {
  readonly #waits: Waits;
  readonly #requests: Requests;
  readonly #largestTag: number;
  readonly #world: MpiGroup;
  #closed: Promise<void> | undefined;

  constructor(readonly library: MpiLibrary, readonly rank: number, readonly size: number, waitSeconds: number, localRanks: number) {
    this.#waits = new Waits(waitSeconds);
    this.#requests = new Requests(library, localRanks);
    this.#largestTag = largestTag(library);
    this.#world = new MpiGroup(library, this.#operate, Array.from({ length: size }, (_, each) => each), rank, library.handles.world);
  }

  send(to: number, tag: number, data: Message): Promise<void> {
    return this.#operate(`rank ${this.rank} waited for rank ${to} to receive ${describeArray(data)} under tag ${tag}`, [data], (request) => {
      checkPeer(to, this.size, "send");
      checkTag(tag, this.#largestTag - 1);
      this.#isend(to, tag, data, request);
    });
  }

  receive(from: number, tag: number, into: Message): Promise<void> {
    return this.#operate(`rank ${this.rank} waited for a message of rank ${from} under tag ${tag}`, [into], (request) => {
      checkPeer(from, this.size, "receive");
      checkTag(tag, this.#largestTag - 1);
      this.#irecv(from, tag, into, request);
    }, (status) => {
      const received = new Int32Array(1);
      this.library.call("Get_count", status, typeOf(into, this.library), received);
      if (received[0] === into.length) return;
      throw new TransportError(`Rank ${this.rank} received ${describeArray(into.subarray(0, received[0]))} from rank ${from} under tag ${tag} where it expected ${describeArray(into)}.`);
    });
  }

  async group(ranks: readonly number[]): Promise<Group> {
    const place = placeAmong(ranks, this.rank, this.size);
    await this.#meet(ranks, place);
    const { library } = this;
    const { world, errorsReturn } = library.handles;
    const [everyone, members, communicator] = [library.cell(), library.cell(), library.cell()];
    library.call("Comm_group", world, everyone.address);
    library.call("Group_incl", everyone.value, ranks.length, Int32Array.from(ranks), members.address);
    library.call("Comm_create_group", world, members.value, 0, communicator.address);
    library.call("Comm_set_errhandler", communicator.value, errorsReturn);
    for (const group of [everyone, members]) library.call("Group_free", group.address);
    return new MpiGroup(library, this.#operate, [...ranks], place, communicator.value);
  }

  close(): Promise<void> {
    return this.#closed ??= (async () => {
      await this.#world.barrier("close the transport");
      this.library.call("Finalize"); // frees the communicators
    })();
  }

  /** MPI makes a group in a call that blocks until all members have come: they gather before, where a missing one is noticed. */
  async #meet(ranks: readonly number[], place: number): Promise<void> {
    const nothing = new Uint8Array(0);
    const [first = 0, ...others] = ranks;
    const send = (to: number): Promise<void> => this.#operate(`rank ${this.rank} waited for rank ${to} to form a group`, [], (request) => this.#isend(to, this.#largestTag, nothing, request));
    const receive = (from: number): Promise<void> => this.#operate(`rank ${this.rank} waited for rank ${from} to form the group of ${nameRanks(ranks)}`, [], (request) => this.#irecv(from, this.#largestTag, nothing, request));
    if (place === 0) {
      await Promise.all(others.map(receive));
      await Promise.all(others.map(send));
    } else {
      await send(first);
      await receive(first);
    }
  }

  #isend(to: number, tag: number, data: Message, request: bigint): void {
    const { library } = this;
    library.call("Isend", addressOf(data), countOf(data), typeOf(data, library), to, tag, library.handles.world, request);
  }

  #irecv(from: number, tag: number, into: Message, request: bigint): void {
    const { library } = this;
    library.call("Irecv", addressOf(into), countOf(into), typeOf(into, library), from, tag, library.handles.world, request);
  }

  /**
   * Begins an operation and waits for its end.
   *
   * @param what whom it waits for, for the message of an error
   * @param held what MPI reads or writes
   * @param check looks at MPI's status when the operation has ended
   */
  readonly #operate: Operate = (what, held, begin, check = () => {}) => {
    let stop = (): void => {};
    const running = this.#waits.run(what, (done, fail) => {
      const request = this.#requests.start(begin, held, {
        completed: (status) => {
          try {
            check(status);
          } catch (error) {
            return fail(asError(error));
          }
          done();
        },
        failed: (error) => fail(new TransportError(`While ${what}: ${asError(error).message}`)),
      });
      if (request !== undefined) stop = () => this.#requests.abandon(request);
    });
    running.catch(() => stop());
    return running;
  };
}

type Operate = (what: string, held: Held, begin: (request: bigint) => void, check?: (status: bigint) => void) => Promise<void>;

class MpiGroup implements Group {
  constructor(
    readonly library: MpiLibrary, readonly operate: Operate,
    readonly ranks: readonly number[], readonly place: number, readonly communicator: Handle,
  ) {}

  /** MPI requires that all processes receive identical results (MPI 4.0, 6.9.6). */
  allReduce(data: Float32Array | Float64Array): Promise<void> {
    const { library, communicator } = this;
    return this.#together(`all-reduce of ${describeArray(data)}`, [data], (request) => {
      library.call("Iallreduce", library.family.inPlace, addressOf(data), countOf(data), typeOf(data, library), library.handles.sum, communicator, request);
    });
  }

  reduceScatter(data: Float32Array, counts: readonly number[], into: Float32Array): Promise<void> {
    const { library, communicator } = this;
    const [lengths, piece] = [Int32Array.from(counts), overlap(data, into) ? into.slice() : into];
    return this.#together(`reduce-scatter of ${describeArray(data)}`, [data, piece, lengths], (request) => {
      checkCounts("reduce-scatter", counts, this.place, this.ranks.length, into.length, data.length);
      countOf(data);
      library.call("Ireduce_scatter", addressOf(data), addressOf(piece), addressOf(lengths), library.handles.float32, library.handles.sum, communicator, request);
    }, () => { if (piece !== into) into.set(piece); });
  }

  allGather(piece: Float32Array, counts: readonly number[], into: Float32Array): Promise<void> {
    const { library, communicator } = this;
    const starts = Int32Array.from(counts, (_, at) => counts.slice(0, at).reduce((sum, count) => sum + count, 0));
    const [lengths, mine] = [Int32Array.from(counts), overlap(piece, into) ? piece.slice() : piece];
    return this.#together(`all-gather into ${describeArray(into)}`, [mine, into, lengths, starts], (request) => {
      checkCounts("all-gather", counts, this.place, this.ranks.length, piece.length, into.length);
      countOf(into);
      const { float32 } = library.handles;
      library.call("Iallgatherv", addressOf(mine), mine.length, float32, addressOf(into), addressOf(lengths), addressOf(starts), float32, communicator, request);
    });
  }

  broadcast(data: Message, root = 0): Promise<void> {
    const { library, communicator } = this;
    return this.#together(`broadcast of ${describeArray(data)} by the one at ${root}`, [data], (request) => {
      checkPlace(root, this.ranks);
      library.call("Ibcast", addressOf(data), countOf(data), typeOf(data, library), root, communicator, request);
    });
  }

  barrier(why: string): Promise<void> {
    return this.#together(why, [], (request) => this.library.call("Ibarrier", this.communicator, request));
  }

  #together(operation: string, held: Held, begin: (request: bigint) => void, check?: () => void): Promise<void> {
    const others = this.ranks.filter((_, place) => place !== this.place);
    return this.operate(`rank ${this.ranks[this.place]} waited for ${nameRanks(others)} to join: ${operation}`, held, begin, check);
  }
}

function typeOf(data: Message, { handles }: MpiLibrary): Handle {
  if (data instanceof Float32Array) return handles.float32;
  if (data instanceof Float64Array) return handles.float64;
  return data instanceof Int32Array ? handles.int32 : handles.byte;
}

/** How many elements a message has, where MPI can count them. */
function countOf(data: Message): number {
  if (data.length > MOST_ELEMENTS) throw new TransportError(`A message has ${data.length} elements, where MPI counts up to ${MOST_ELEMENTS}; send it in parts.`);
  return data.length;
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new TransportError(String(error));
}

function overlap(one: Float32Array, two: Float32Array): boolean {
  return one.buffer === two.buffer && one.byteOffset < two.byteOffset + two.byteLength && two.byteOffset < one.byteOffset + one.byteLength;
}

function readInt(library: MpiLibrary, name: FunctionName, communicator: Handle): number {
  const value = new Int32Array(1);
  library.call(name, communicator, value);
  return value[0] ?? 0;
}

/** The greatest tag that a message may have: MPI_TAG_UB of the communicator, at least 32,767. */
function largestTag(library: MpiLibrary): number {
  const [pointer, found] = [new BigInt64Array(1), new Int32Array(1)];
  library.call("Comm_get_attr", library.handles.world, library.family.largestTag, pointer, found);
  return found[0] === 0 ? 32_767 : readIntAt(pointer[0] ?? 0n);
}
