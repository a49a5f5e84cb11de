/** Where a command writes: results to standard output, everything else to standard error. */
export interface Io {
  /** A part of the result. */
  out(text: string): void;
  /** Progress, notices and errors. */
  err(text: string): void;
  /** Whether standard error is a terminal, on which a line can be rewritten in place. */
  readonly interactive: boolean;
  /** How wide that terminal is, in characters. */
  readonly columns?: number | undefined;
}

/** The process's own streams. A reader that stops reading (`decade translate … | head`) ends the process quietly. */
export function processIo(): Io {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
  process.stderr.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    interactive: process.stderr.isTTY,
    get columns() {
      return process.stderr.isTTY ? process.stderr.columns : undefined;
    },
  };
}

/** Prints a result: as one line of JSON, or as text for people. */
export function printResult(io: Io, json: boolean | undefined, result: object, text: () => string): void {
  io.out(json === true ? `${JSON.stringify(result)}\n` : `${text().replace(/\n*$/, "")}\n`);
}
