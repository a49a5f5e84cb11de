import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Lock, LockError } from "./lock.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lock-"));
  path = join(folder, "run.lock");
});
afterEach(() => rm(folder, { recursive: true }));

const deadPid = (): number => spawnSync(process.execPath, ["-e", ""]).pid;
const holder = (fields: object): string =>
  JSON.stringify({ pid: deadPid(), host: hostname(), started: "2020-01-01T00:00:00.000Z", token: "old", ...fields });

describe("Lock", () => {
  it("names its holder, and goes with it", async () => {
    const lock = await Lock.acquire(path, "The run");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid, host: hostname() });
    lock.release();
    expect(await readdir(folder)).toEqual([]);
    lock.release();
    (await Lock.acquire(path, "The run")).release();
  });

  it("keeps a second one out with a sentence", async () => {
    const lock = await Lock.acquire(path, "The run");
    await expect(Lock.acquire(path, "The run")).rejects.toThrow(LockError);
    await expect(Lock.acquire(path, "The run")).rejects.toThrow(
      new RegExp(`^The run is in use by process ${process.pid} on .+ since 20.+Z; wait for it or stop it`),
    );
    lock.release();
  });

  it("is taken over from a process that no longer runs", async () => {
    await writeFile(path, holder({}));
    const lock = await Lock.acquire(path, "The run");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ pid: process.pid });
    expect(await readdir(folder)).toEqual(["run.lock"]);
    lock.release();
  });

  it("is not taken over from another host, where nobody can tell", async () => {
    await writeFile(path, holder({ host: "elsewhere" }));
    await expect(Lock.acquire(path, "The run")).rejects.toThrow("on elsewhere since 2020-01-01");
  });

  it.skipIf(process.platform !== "linux")("is taken over when its pid now belongs to another process", async () => {
    await writeFile(path, holder({ pid: process.pid, processStart: "1" }));
    (await Lock.acquire(path, "The run")).release();
  });

  it.skipIf(process.platform !== "linux")("is taken over from a process that has ended although its parent has not asked how", async () => {
    const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 10"], { stdio: ["ignore", "pipe", "ignore"] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once("data", (text: Buffer) => resolve(Number(text.toString()))));
    while (!(await readFile(`/proc/${pid}/stat`, "utf8")).includes(") Z ")) await new Promise((resolve) => setTimeout(resolve, 10));
    await writeFile(path, holder({ pid }));
    (await Lock.acquire(path, "The run")).release();
    parent.kill();
  });

  it("is taken over from an earlier start of the same job, on whatever host that was", async () => {
    const held = (name: string, start: number): Promise<void> => writeFile(path, holder({ host: "elsewhere", job: { name, start } }));
    vi.stubEnv("DECADE_JOB", "a");
    vi.stubEnv("DECADE_JOB_START", "2");
    for (const [name, start] of [["a", 2], ["a", 3], ["b", 1]] as const) {
      await held(name, start);
      await expect(Lock.acquire(path, "The run")).rejects.toThrow("on elsewhere");
    }
    await held("a", 1);
    const lock = await Lock.acquire(path, "The run");
    expect(JSON.parse(await readFile(path, "utf8"))).toMatchObject({ job: { name: "a", start: 2 } });
    lock.release();
    vi.unstubAllEnvs();
  });

  it("is taken over when its holder died before it wrote a word", async () => {
    await writeFile(path, "");
    await expect(Lock.acquire(path, "The run")).rejects.toThrow(LockError);
    await utimes(path, new Date(0), new Date(0));
    (await Lock.acquire(path, "The run")).release();
  });

  it("survives a death during a takeover", async () => {
    await writeFile(path, holder({}));
    await writeFile(`${path}.takeover`, holder({ token: "guard" }));
    (await Lock.acquire(path, "The run")).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("does not release a lock that someone else has taken", async () => {
    const lock = await Lock.acquire(path, "The run");
    await writeFile(path, holder({}));
    lock.release();
    expect(await readdir(folder)).toEqual(["run.lock"]);
  });

  it("goes to one of many that find it stale at once, in one process", async () => {
    await writeFile(path, holder({}));
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => Lock.acquire(path, "The run")));
    const won = results.filter((result) => result.status === "fulfilled");
    const lost = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
    expect(won).toHaveLength(1);
    for (const reason of lost) expect(reason).toBeInstanceOf(LockError);
  });

  it("goes to one of several processes that find it stale at once, and dies with it", async () => {
    await writeFile(path, holder({}));
    const script = join(folder, "contend.mjs");
    const jiti = import.meta.resolve("jiti");
    await writeFile(
      script,
      `import { createJiti } from ${JSON.stringify(jiti)};
       const { Lock } = await createJiti(import.meta.url).import(${JSON.stringify(fileURLToPath(new URL("./lock.ts", import.meta.url)))});
       const result = await Lock.acquire(${JSON.stringify(path)}, "The run").then(() => "won", (error) => error.name);
       process.stdout.write(result);
       await new Promise((resolve) => setTimeout(resolve, 1500));`,
    );
    const run = promisify(execFile);
    const outputs = await Promise.all(Array.from({ length: 3 }, () => run(process.execPath, [script])));
    expect(outputs.map(({ stdout }) => stdout).sort()).toEqual(["LockError", "LockError", "won"]);
    (await Lock.acquire(path, "The run")).release();
  });

  it("can be taken after its holder was killed", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await writeFile(path, holder({ pid: child.pid }));
    await expect(Lock.acquire(path, "The run")).rejects.toThrow(LockError);
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await ended;
    (await Lock.acquire(path, "The run")).release();
  });
});
