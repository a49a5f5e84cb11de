import { NoTransportError, TransportError, type Group, type Message } from "../transport.ts";
import type { ObservedTransport } from "./open-transport.ts";
import { checkPeer, checkTag, describeArray, nameRanks, placeAmong, WAIT_SECONDS, type TransportOptions } from "./checks.ts";
import { startedJob } from "./job.ts";
import { THREAD_FUNNELED, type FunctionName, type Handle } from "./mpi-functions.ts";
import { MpiGroup, type Operate } from "./mpi-group.ts";
import { MpiLibrary, readIntAt } from "./mpi-library.ts";
import { irecv, isend, receivedCount } from "./mpi-messages.ts";
import { Requests } from "./mpi-requests.ts";
import { Waits, type Activity } from "./waits.ts";

let opened = false;

/**
 * The ranks that `mpirun` or `srun` started, this process among them, over the MPI library that is installed: Open MPI 4
 * or 5, MPICH 3.2 or later, or what keeps MPICH's binary interface. Once a process.
 *
 * Throws a NoTransportError where no library is found, or where it knows of another number of ranks than were started.
 */
export async function openMpi({ waitSeconds = WAIT_SECONDS }: TransportOptions = {}): Promise<ObservedTransport> {
  if (opened) throw new TransportError("MPI can be started once a process, which was done before; pass the transport on instead.");
  const library = MpiLibrary.load();
  opened = true;
  library.call("Init_thread", null, null, THREAD_FUNNELED, new Int32Array(1));
  const { world, errorsReturn } = library.handles;
  library.call("Comm_set_errhandler", world, errorsReturn);
  const [rank, size] = [readInt(library, "Comm_rank", world), readInt(library, "Comm_size", world)];
  const job = startedJob();
  if (job !== undefined && job.size !== size) {
    library.call("Finalize");
    throw new NoTransportError(`${job.startedBy} started ${job.size} processes, of which ${library.file} sees ${size}: it is not the library of what started them; ${
      job.startedBy === "srun" ? "start them by srun --mpi=pmix or --mpi=pmi2, whichever the library was built for, or by its own mpirun" : "use its own mpirun, or name the right library by DECADE_MPI_LIBRARY"}.`);
  }
  return new MpiTransport(library, rank, size, waitSeconds, job?.local ?? 1);
}

class MpiTransport implements ObservedTransport {
  readonly #waits: Waits;
  readonly #requests: Requests;
  readonly #largestTag: number;
  readonly #world: MpiGroup;
  #closed: Promise<void> | undefined;

  constructor(readonly library: MpiLibrary, readonly rank: number, readonly size: number, waitSeconds: number, localRanks: number) {
    this.#waits = new Waits(waitSeconds);
    this.#requests = new Requests(library, localRanks);
    this.#largestTag = largestTag(library);
    this.#world = new MpiGroup(library, this.#operate, Array.from({ length: size }, (_, each) => each), rank, library.handles.world, this.#largestTag);
  }

  send(to: number, tag: number, data: Message): Promise<void> {
    return this.#operate(`rank ${this.rank} waited for rank ${to} to receive ${describeArray(data)} under tag ${tag}`, [data], (request) => {
      checkPeer(to, this.size, "send");
      checkTag(tag, this.#largestTag - 1);
      isend(this.library, data, to, tag, this.library.handles.world, request);
    });
  }

  receive(from: number, tag: number, into: Message): Promise<void> {
    return this.#operate(`rank ${this.rank} waited for a message of rank ${from} under tag ${tag}`, [into], (request) => {
      checkPeer(from, this.size, "receive");
      checkTag(tag, this.#largestTag - 1);
      irecv(this.library, into, from, tag, this.library.handles.world, request);
    }, (status) => {
      const received = receivedCount(this.library, into, status);
      if (received === into.length) return;
      throw new TransportError(`Rank ${this.rank} received ${describeArray(into.subarray(0, received))} from rank ${from} under tag ${tag} where it expected ${describeArray(into)}.`);
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
    return new MpiGroup(library, this.#operate, [...ranks], place, communicator.value, this.#largestTag);
  }

  activity(): Activity {
    return this.#waits.activity();
  }

  close(): Promise<void> {
    return this.#closed ??= (async () => {
      await this.#world.barrier("close the transport");
      this.library.call("Finalize"); // frees the communicators
    })();
  }

  /** MPI makes a group in a call that blocks until all members have come: they gather before, where a missing one is noticed. */
  async #meet(ranks: readonly number[], place: number): Promise<void> {
    const { library, library: { handles: { world } } } = this;
    const nothing = new Uint8Array(0);
    const [first = 0, ...others] = ranks;
    const send = (to: number): Promise<void> => this.#operate(`rank ${this.rank} waited for rank ${to} to form a group`, [], (request) => isend(library, nothing, to, this.#largestTag, world, request));
    const receive = (from: number): Promise<void> => this.#operate(`rank ${this.rank} waited for rank ${from} to form the group of ${nameRanks(ranks)}`, [], (request) => irecv(library, nothing, from, this.#largestTag, world, request));
    if (place === 0) {
      await Promise.all(others.map(receive));
      await Promise.all(others.map(send));
    } else {
      await send(first);
      await receive(first);
    }
  }

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

function asError(error: unknown): Error {
  return error instanceof Error ? error : new TransportError(String(error));
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
