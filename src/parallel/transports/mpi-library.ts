import { existsSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { NoTransportError, TransportError, type Message } from "../transport.ts";
import { startedJob } from "./job.ts";
import { FUNCTIONS, LONGEST_ERROR, MPICH, OPEN_MPI, type Family, type FunctionName, type Handle, type HandleName } from "./mpi-functions.ts";

type Call = (...args: unknown[]) => unknown;

/**
 * UCX, which many MPI libraries send by, replaces the functions that ask the system for memory, which corrupts the heap of
 * a process with many threads (openucx/ucx#3831 on GitHub; Node crashed in 2 of 25 jobs under MPICH 4.0, in none with these),
 * and catches SIGSEGV with a handler that may wait forever.
 */
const UCX = { UCX_MEM_EVENTS: "n", UCX_ERROR_SIGNALS: "" };

/** An MPI library that was found and loaded: its functions, and the handles that it defines. */
export class MpiLibrary {
  readonly family: Family;
  readonly handles: Readonly<Record<HandleName, Handle>>;
  /** What was loaded, for messages. */
  readonly file: string;
  readonly #functions: ReadonlyMap<FunctionName, Call>;
  readonly #library: LibraryHandle; // Koffi unloads a library that nobody holds

  /** Throws a NoTransportError where there is none, which says what was tried and what to install. */
  static load(): MpiLibrary {
    for (const [name, value] of Object.entries(UCX)) process.env[name] ??= value;
    const files = libraryFiles();
    for (const file of files) {
      const library = loadQuietly(file);
      if (library !== undefined) return new MpiLibrary(library, file);
    }
    const { DECADE_MPI_LIBRARY: named } = process.env;
    throw new NoTransportError(named !== undefined
      ? `DECADE_MPI_LIBRARY names ${named}, which cannot be loaded; it takes the path of Open MPI's or MPICH's libmpi.`
      : `No MPI library was found (tried ${files.join(", ")}); install openmpi-bin or mpich, or name the library by DECADE_MPI_LIBRARY.`);
  }

  private constructor(library: LibraryHandle, file: string) {
    this.#library = library;
    this.file = file;
    this.family = familyOf(library, file);
    const { handle, handles } = this.family;
    const types = { int: "int", address: "void *", handle } as const;
    this.#functions = new Map(Object.entries(FUNCTIONS).map(([name, parameters]) => (
      [name as FunctionName, this.#library.func(`MPI_${name}`, "int", parameters.map((parameter) => types[parameter])) as Call])));
    this.handles = Object.fromEntries(Object.entries(handles).map(([name, value]) => (
      [name, typeof value === "number" ? value : library.symbol(value) as bigint]))) as Record<HandleName, Handle>;
  }

  /** Calls a function, and throws a TransportError with what MPI says where it fails. */
  call(name: FunctionName, ...args: unknown[]): void {
    const code = this.#functions.get(name)?.(...args);
    if (code !== 0) throw new TransportError(`MPI_${name} failed: ${this.#describe(Number(code))}.`);
  }

  /** Room for a handle that MPI writes. */
  cell(): HandleCell {
    return new HandleCell(this.family);
  }

  #describe(code: number): string {
    const text = new Uint8Array(LONGEST_ERROR);
    const length = new Int32Array(1);
    this.#functions.get("Error_string")?.(code, text, length);
    const [first = ""] = new TextDecoder().decode(text.subarray(0, length[0])).trim().split(/, error stack:|\n/, 1);
    return first.replace(/\.$/, "") || `code ${code}`;
  }
}

/** A handle in memory, where MPI writes one or changes one. */
export class HandleCell {
  readonly address: bigint;
  readonly #cell = new BigInt64Array(1);
  readonly #family: Family;

  constructor(family: Family) {
    this.#family = family;
    this.address = addressOf(this.#cell);
  }

  get value(): Handle {
    return this.#family.handle === "int" ? new Int32Array(this.#cell.buffer)[0] ?? 0 : BigInt.asUintN(64, this.#cell[0] ?? 0n);
  }
}

const NOWHERE = new BigInt64Array(1);

/** Where an array lies, for as long as somebody holds it; an empty one lies nowhere, but MPI wants an address. */
export function addressOf(array: Message | BigInt64Array): bigint {
  const { buffer, byteLength, byteOffset } = array; // asking for the buffer keeps V8 from moving a short array
  return byteLength === 0 ? koffi.address(NOWHERE.buffer) : koffi.address(buffer) + BigInt(byteOffset);
}

/** A C int that lies at an address. */
export function readIntAt(address: bigint): number {
  return koffi.decode(address, "int") as number;
}

function familyOf(library: LibraryHandle, file: string): Family {
  if (hasSymbol(library, "ompi_mpi_comm_world")) return OPEN_MPI;
  if (!hasSymbol(library, "MPI_Get_library_version")) throw new NoTransportError(`${file} is no MPI library.`);
  const [text, length] = [new Uint8Array(8192), new Int32Array(1)]; // MPI_MAX_LIBRARY_VERSION_STRING of MPICH
  (library.func("MPI_Get_library_version", "int", ["void *", "void *"]) as Call)(text, length);
  const version = new TextDecoder().decode(text.subarray(0, length[0]));
  if (/MPICH|MVAPICH|Intel|CRAY/i.test(version)) return MPICH;
  throw new NoTransportError(`${file} is ${version.split("\n", 1)[0] ?? "an unknown library"}; Decade works with Open MPI, MPICH and what keeps MPICH's binary interface.`);
}

function hasSymbol(library: LibraryHandle, name: string): boolean {
  try {
    library.symbol(name);
    return true;
  } catch {
    return false;
  }
}

/** Open MPI's plug-ins look for its symbols among those that everybody sees. */
function loadQuietly(file: string): LibraryHandle | undefined {
  try {
    return koffi.load(file, { global: true });
  } catch {
    return undefined;
  }
}

const NAMES = process.platform === "darwin"
  ? { "Open MPI": ["libmpi.40.dylib", "libmpi.dylib"], MPICH: ["libmpi.12.dylib", "libmpich.12.dylib", "libmpi.dylib"] }
  // Debian calls MPICH's library libmpich, so that it can lie beside Open MPI's.
  : { "Open MPI": ["libmpi.so.40", "libmpi.so"], MPICH: ["libmpich.so.12", "libmpi.so.12", "libmpi.so"] };

/** What to try: the library of the engine that started this process, where the system looks and beside its mpirun. */
function libraryFiles(): string[] {
  const { DECADE_MPI_LIBRARY: named } = process.env;
  if (named !== undefined) return [named];
  const family = startedJob()?.family;
  const { PMI_RANK: pmi, PMIX_RANK: pmix } = process.env; // srun's protocol: MPICH's, and Open MPI's
  const likely = family ?? (pmi !== undefined && pmix === undefined ? "MPICH" : "Open MPI");
  const names = family === undefined ? [...NAMES[likely], ...NAMES[likely === "MPICH" ? "Open MPI" : "MPICH"]] : NAMES[family];
  const folders = libraryFolders();
  return [...new Set(names.flatMap((name) => [name, ...folders.map((folder) => join(folder, name)).filter((file) => existsSync(file))]))];
}

/** An installation has its programs in `bin` and its libraries in `lib` beside it. */
function libraryFolders(): string[] {
  const programs = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "mpirun")).filter((file) => existsSync(file));
  return programs.map((program) => join(dirname(realpathSync(program)), "..", "lib"));
}
