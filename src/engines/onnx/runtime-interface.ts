/** A function of ONNX Runtime's C interface; types are C's. */
export interface CFunction {
  readonly result: string;
  readonly parameters: readonly string[];
}

/**
 * Version of the interface that is asked for. Later libraries know it too: the table of functions only ever grows at
 * its end (onnxruntime_c_api.h).
 */
export const INTERFACE_VERSION = 20;

const status = (index: number, ...parameters: string[]): CFunction & { readonly index: number } => ({ index, result: "void *", parameters });
const release = (index: number): CFunction & { readonly index: number } => ({ index, result: "void", parameters: ["void *"] });

/**
 * The functions that the engine uses, with their places in the table `OrtApi`. Those whose result is `void *` return a
 * status, null where all is well; handles of what they make are written to their last parameter.
 */
export const FUNCTIONS = {
  GetErrorMessage: { index: 2, result: "const char *", parameters: ["void *"] },
  CreateEnv: status(3, "int", "const char *", "void *"),
  CreateSessionFromArray: status(8, "void *", "void *", "size_t", "void *", "void *"),
  Run: status(9, "void *", "void *", "void *", "void *", "size_t", "void *", "size_t", "void *"),
  CreateSessionOptions: status(10, "void *"),
  DisableMemPattern: status(17, "void *"),
  SetSessionLogSeverityLevel: status(22, "void *", "int"),
  SetIntraOpNumThreads: status(24, "void *", "int"),
  SetInterOpNumThreads: status(25, "void *", "int"),
  CreateTensorWithDataAsOrtValue: status(49, "void *", "void *", "size_t", "void *", "size_t", "int", "void *"),
  CreateCpuMemoryInfo: status(69, "int", "int", "void *"),
  ReleaseStatus: release(93),
  ReleaseSession: release(95),
  ReleaseValue: release(96),
  ReleaseSessionOptions: release(100),
  AddSessionConfigEntry: status(130, "void *", "const char *", "const char *"),
} as const satisfies Record<string, CFunction & { readonly index: number }>;

export type FunctionName = keyof typeof FUNCTIONS;

/** OrtLoggingLevel. */
export const LEVEL = { error: 3 } as const;

/** OrtAllocatorType and OrtMemType. */
export const CPU_MEMORY = { arenaAllocator: 1, default: 0 } as const;

/** ONNXTensorElementDataType. */
export const ELEMENT_TYPE = { float32: 1, int32: 6, bool: 9 } as const;
