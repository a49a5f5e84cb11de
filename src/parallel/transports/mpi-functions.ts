/**
 * The part of MPI's C interface that is used, and what differs between the two families of libraries: in Open MPI a
 * handle (a communicator, a type, an operation) is the address of an object, in MPICH and what keeps its binary
 * interface (Intel MPI, MVAPICH, Cray MPI: mpich.org/abi) it is a number.
 */

/** A parameter of a function: a number, where something lies, or a handle. */
export type Parameter = "int" | "address" | "handle";

export const FUNCTIONS = {
  Init_thread: ["address", "address", "int", "address"],
  Finalize: [],
  Error_string: ["int", "address", "address"],
  Comm_rank: ["handle", "address"],
  Comm_size: ["handle", "address"],
  Comm_set_errhandler: ["handle", "handle"],
  Comm_get_attr: ["handle", "int", "address", "address"],
  Comm_group: ["handle", "address"],
  Comm_create_group: ["handle", "handle", "int", "address"],
  Group_incl: ["handle", "int", "address", "address"],
  Group_free: ["address"],
  Send: ["address", "int", "handle", "int", "int", "handle"],
  Recv: ["address", "int", "handle", "int", "int", "handle", "address"],
  Isend: ["address", "int", "handle", "int", "int", "handle", "address"],
  Irecv: ["address", "int", "handle", "int", "int", "handle", "address"],
  Test: ["address", "address", "address"],
  Get_count: ["address", "handle", "address"],
  Reduce_local: ["address", "address", "int", "handle", "handle"],
  Ibcast: ["address", "int", "handle", "int", "handle", "address"],
  Ibarrier: ["handle", "address"],
} as const satisfies Record<string, readonly Parameter[]>;

export type FunctionName = keyof typeof FUNCTIONS;

export type Handle = number | bigint;

export type HandleName = "world" | "errorsReturn" | "sum" | "byte" | "int32" | "float32" | "float64";

export interface Family {
  readonly name: "Open MPI" | "MPICH";
  /** How the C interface passes a handle. */
  readonly handle: "int" | "void *";
  /** Objects by the name of a symbol, or numbers as they are. */
  readonly handles: Readonly<Record<HandleName, string | number>>;
  /** MPI_TAG_UB */
  readonly largestTag: number;
}

/** Sources: `ompi/include/mpi.h.in` of Open MPI 4.1 and 5.0; `src/include/mpi.h.in` of MPICH 4.0, whose numbers are part of its binary interface. */
export const OPEN_MPI: Family = {
  name: "Open MPI",
  handle: "void *",
  handles: {
    world: "ompi_mpi_comm_world", errorsReturn: "ompi_mpi_errors_return", sum: "ompi_mpi_op_sum",
    byte: "ompi_mpi_byte", int32: "ompi_mpi_int32_t", float32: "ompi_mpi_float", float64: "ompi_mpi_double",
  },
  largestTag: 0,
};

export const MPICH: Family = {
  name: "MPICH",
  handle: "int",
  handles: {
    world: 0x44000000, errorsReturn: 0x54000001, sum: 0x58000003,
    byte: 0x4c00010d, int32: 0x4c000439, float32: 0x4c00040a, float64: 0x4c00080b,
  },
  largestTag: 0x64400001,
};

/** MPI_THREAD_FUNNELED: only the thread that started MPI calls it. */
export const THREAD_FUNNELED = 1;

/** MPI_MAX_ERROR_STRING is 256 in Open MPI and 512 in MPICH, or 1024 in some that keep its interface. */
export const LONGEST_ERROR = 4096;
/** MPI_Status has 24 bytes in Open MPI and 20 in MPICH. */
export const STATUS_BYTES = 64;
