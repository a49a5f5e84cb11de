/** One press of Ctrl-C arrives twice where a parent process passes it on, as npm does. */
const SAME_PRESS_MILLISECONDS = 100;
/** The third is how mpirun tells its processes: by the others it ends them itself. */
const signals = ["SIGINT", "SIGTERM", "SIGUSR2"] as const;

/**
 * Listens for Ctrl-C, SIGTERM and SIGUSR2 while `work` runs. The first aborts the signal that `work` gets, so that it can save
 * and return. The second ends the process at once: from then on the operating system's own handling applies again, so
 * that it works even while the engine computes.
 */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>, { onInterrupt, exitCode }: { onInterrupt: () => void; exitCode: number },
): Promise<Result> {
  const controller = new AbortController();
  let first: number | undefined;
  const stopListening = (): void => signals.forEach((name) => process.off(name, listener));
  const listener = (): void => {
    if (first === undefined) {
      first = performance.now();
      setTimeout(stopListening, SAME_PRESS_MILLISECONDS).unref();
      controller.abort();
      onInterrupt();
    } else if (performance.now() - first >= SAME_PRESS_MILLISECONDS) {
      process.exit(exitCode);
    }
  };
  signals.forEach((name) => process.on(name, listener));
  try {
    return await work(controller.signal);
  } finally {
    stopListening();
  }
}
