import { installedMpiruns, runJob } from "../src/parallel/fixtures/mpirun.ts";

/** How fast messages cross between two processes of this machine, gigabytes a second: MPI's blocking calls, the transport's, and their ratio. */
export async function transport(): Promise<object> {
  const results: [string, unknown][] = [];
  for (const mpirun of installedMpiruns()) {
    const { code, out, err } = await runJob(mpirun, 2, new URL("./transport-job.ts", import.meta.url).href);
    const line = out.split("\n").find((each) => each.startsWith("["));
    if (code !== 0 || line === undefined) throw new Error(`The job under ${mpirun.command} failed: ${err}`);
    results.push([mpirun.name, JSON.parse(line)]);
  }
  return Object.fromEntries(results);
}
