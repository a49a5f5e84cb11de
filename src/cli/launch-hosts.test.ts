/** A training on two hosts, which are network namespaces, between which the network is cut in the middle of a step. */
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { installedMpiruns } from "../parallel/fixtures/mpirun.ts";
import { Workplace } from "./fixtures/command-line.ts";
import { makeTwoHosts, type TwoHosts } from "./fixtures/two-hosts.ts";

const MAIN = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let place: Workplace;
let hosts: TwoHosts | string;
beforeAll(async () => {
  place = await Workplace.create();
  await place.write("two.json", JSON.stringify({ ...place.toyConfig(), training: { ...place.toyConfig().training, steps: 400, validateEvery: { steps: 400 }, accumulate: 2, batch: { sentences: 8 } } }));
  hosts = makeTwoHosts(place.folder);
  if (typeof hosts === "string") console.warn(`SKIPPED: no training runs on two hosts: ${hosts}`);
});
afterAll(async () => {
  if (typeof hosts === "object") hosts.remove();
  await place.remove();
});

describe.each(installedMpiruns())("under $name", ({ command, name }) => {
  it("ends with a message that names the rank beyond the cut, and goes on when the network is back", async ({ skip }) => {
    if (typeof hosts === "string") return skip();
    const { start, setCable, hostFiles } = hosts;
    const run = `cut-${name.replaceAll(" ", "")}`;
    const launch = start(process.execPath, MAIN, "launch", place.path("two.json"), "--processes", "2", "--mpirun", command, "--host-file", hostFiles[name],
      "--name", run, "--threads", "1", "--max-restarts", "1");
    let [out, err] = ["", ""];
    launch.stdout?.on("data", (text: Buffer) => { out += text.toString(); });
    launch.stderr?.on("data", (text: Buffer) => {
      err += text.toString();
      if (err.includes("has not been heard from")) setCable("up");
    });
    await place.untilLogged(run, 12);
    setCable("down");
    const [code] = await once(launch, "close") as [number | null];
    expect(code, err).toBe(0);
    expect(err).toMatch(/decade: Rank 1 \(process \d+ on second-host\) has not been heard from for 1\d s: it or its host is stopped, or the network between is cut\./);
    expect(err).toContain("decade: Rank 1 was lost; starting again from the newest checkpoint (restart 1 of 1).");
    expect(err).toMatch(/going on from step \d+/);
    expect(out).toContain("Finished at step 400");
  }, 90_000);
});
