import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import koffi, { type LibraryHandle } from "koffi";
import { countRun } from "../activity.ts";
import { CPU_MEMORY, ELEMENT_TYPE, FUNCTIONS, INTERFACE_VERSION, LEVEL, type CFunction, type FunctionName } from "./runtime-interface.ts";

/**
 * ONNX Runtime by its C interface, in the library that onnxruntime-node brings.
 *
 * onnxruntime-node itself returns a copy of every output, also of one that was written where it was asked to be: a
 * training step, whose outputs are gradients, weights and moments, would copy several times the model.
 */

/** An array that a session reads or writes where it lies. */
export interface RuntimeTensor {
  readonly data: Float32Array | Int32Array | Uint8Array;
  readonly shape: readonly number[];
  readonly type: "float32" | "int32" | "bool";
}

export interface SessionOptions {
  /** Inputs and outputs of the model, in the order in which runs give them. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Threads within one operator. */
  readonly threads: number;
}

const NOWHERE = new ArrayBuffer(8);

type Handle = bigint;
type Call = (...args: unknown[]) => unknown;

/** A model that is ready to run. */
export class RuntimeSession {
  readonly #runtime: Runtime;
  readonly #inputs: Names;
  readonly #outputs: Names;
  #session: Handle | undefined;

  /** Throws where the runtime refuses the model. */
  constructor(model: Uint8Array, { inputs, outputs, threads }: SessionOptions) {
    this.#runtime = Runtime.open();
    this.#inputs = new Names(inputs);
    this.#outputs = new Names(outputs);
    this.#session = this.#runtime.createSession(model, threads);
  }

  /** Reads `inputs` and writes `outputs`, whose shapes must be those that the model computes. */
  run(inputs: readonly RuntimeTensor[], outputs: readonly RuntimeTensor[]): void {
    if (this.#session === undefined) throw new Error("The program was disposed of; compile it again.");
    const runtime = this.#runtime;
    const values = new BigUint64Array(inputs.length + outputs.length);
    try {
      [...inputs, ...outputs].forEach((tensor, at) => { values[at] = runtime.createTensor(tensor); });
      runtime.check("Run", this.#session, null, this.#inputs.pointers, values, inputs.length,
        this.#outputs.pointers, outputs.length, values.subarray(inputs.length));
      countRun();
    } finally {
      for (const value of values) if (value !== 0n) runtime.call("ReleaseValue", value);
    }
  }

  dispose(): void {
    if (this.#session !== undefined) this.#runtime.call("ReleaseSession", this.#session);
    this.#session = undefined;
  }
}

/** Zero-terminated strings side by side, and where each begins. */
class Names {
  readonly pointers: BigUint64Array;
  readonly #bytes: Uint8Array;

  constructor(names: readonly string[]) {
    this.#bytes = new TextEncoder().encode(names.map((name) => `${name}\0`).join(""));
    const start = addressOf(this.#bytes);
    let offset = 0;
    this.pointers = BigUint64Array.from(names, (name) => {
      const pointer = start + BigInt(offset);
      offset += Buffer.byteLength(name) + 1;
      return pointer;
    });
  }
}

/** The loaded library; one a process. */
class Runtime {
  static #opened: Runtime | undefined;

  /** Koffi unloads a library that nobody holds. */
  readonly #library: LibraryHandle;
  readonly #functions: ReadonlyMap<FunctionName, Call>;
  readonly #environment: Handle;
  readonly #memory: Handle;

  static open(): Runtime {
    return this.#opened ??= new Runtime();
  }

  private constructor() {
    this.#library = koffi.load(libraryPath());
    const base = this.#library.func("void *OrtGetApiBase()") as () => Handle;
    const getApi = functionAt(base(), 0, { result: "void *", parameters: ["uint32_t"] });
    const api = getApi(INTERFACE_VERSION);
    if (typeof api !== "bigint") throw new Error("The ONNX Runtime that is installed is too old; install onnxruntime-node 1.20 or later.");
    this.#functions = new Map(Object.entries(FUNCTIONS).map(([name, definition]) => (
      [name as FunctionName, functionAt(api, definition.index, definition)])));
    this.#environment = this.#created("CreateEnv", LEVEL.error, "decade");
    this.#memory = this.#created("CreateCpuMemoryInfo", CPU_MEMORY.arenaAllocator, CPU_MEMORY.default);
  }

  call(name: FunctionName, ...args: unknown[]): unknown {
    return this.#functions.get(name)?.(...args);
  }

  /** Calls a function that returns a status; throws what the runtime says where that is an error. */
  check(name: FunctionName, ...args: unknown[]): void {
    const status = this.call(name, ...args);
    if (status === null) return;
    const message = String(this.call("GetErrorMessage", status));
    this.call("ReleaseStatus", status);
    throw new Error(message);
  }

  createTensor({ data, shape, type }: RuntimeTensor): Handle {
    return this.#created("CreateTensorWithDataAsOrtValue", this.#memory, addressOf(data), data.byteLength,
      BigInt64Array.from(shape, BigInt), shape.length, ELEMENT_TYPE[type]);
  }

  createSession(model: Uint8Array, threads: number): Handle {
    const options = this.#created("CreateSessionOptions");
    try {
      this.check("SetSessionLogSeverityLevel", options, LEVEL.error); // warnings are about how the model could be smaller
      this.check("SetIntraOpNumThreads", options, threads);
      this.check("SetInterOpNumThreads", options, 1);
      // Lengths vary from run to run: a plan per shape would only pile up.
      this.check("DisableMemPattern", options);
      // Several programs take turns; one whose threads still spin after its run takes a core from the next.
      this.check("AddSessionConfigEntry", options, "session.force_spinning_stop", "1");
      // Lowering decides which transpositions are part of a product.
      this.check("AddSessionConfigEntry", options, "optimization.disable_specified_optimizers", "MatmulTransposeFusion");
      return this.#created("CreateSessionFromArray", this.#environment, model, model.byteLength, options);
    } finally {
      this.call("ReleaseSessionOptions", options);
    }
  }

  /** Calls a function whose last parameter is where the handle goes of what it makes. */
  #created(name: FunctionName, ...args: unknown[]): Handle {
    const handle = new BigUint64Array(1);
    this.check(name, ...args, handle);
    return handle[0] ?? 0n;
  }
}

/** Where an array lies; an empty one lies nowhere, but the runtime wants an address. */
function addressOf(array: RuntimeTensor["data"]): Handle {
  const { buffer, byteLength } = array; // asking for the buffer keeps V8 from moving a short array
  return koffi.address(byteLength === 0 ? NOWHERE : buffer) + BigInt(byteLength === 0 ? 0 : array.byteOffset);
}

/** Types have no names: Koffi knows a name only once a process, where this module may be loaded twice. */
function functionAt(table: Handle, index: number, { result, parameters }: CFunction): Call {
  const pointer: unknown = koffi.decode(table, index * 8, "void *");
  return koffi.decode(pointer, koffi.proto(result, [...parameters])) as Call;
}

/** onnxruntime-node keeps the library in `bin/napi-v…/PLATFORM/ARCHITECTURE`. */
function libraryPath(): string {
  const root = join(dirname(createRequire(import.meta.url).resolve("onnxruntime-node")), "..", "bin");
  const versions = existsSync(root) ? readdirSync(root).filter((name) => name.startsWith("napi-v")) : [];
  for (const version of versions) {
    const folder = join(root, version, process.platform, process.arch);
    const file = existsSync(folder) ? readdirSync(folder).find((name) => /^(libonnxruntime\.so|libonnxruntime\..*dylib|onnxruntime\.dll)/.test(name)) : undefined;
    if (file !== undefined) return join(folder, file);
  }
  throw new Error(`onnxruntime-node has no library for ${process.platform} on ${process.arch}.`);
}
