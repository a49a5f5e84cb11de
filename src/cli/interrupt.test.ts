/** Ctrl-C, and two processes on one run: what only shows in processes of their own. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastLine, Workplace } from "./fixtures/command-line.ts";

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const endless = (name: string): string[] => ["train", place.path("toy.json"), "--name", name, "--set", "training.steps=1000000", "--json"];

describe("Ctrl-C", () => {
  it.each(["SIGINT", "SIGTERM"] as const)("as %s: saves the step it is at, says how to go on, and the run goes on", async (signal) => {
    const { child, ended } = place.start(...endless(signal));
    await place.untilLogged(signal, 5);
    child.kill(signal);
    const { code, out, err } = await ended;
    expect(code, err).toBe(130);
    expect(err).toContain("Go on with the same command and --resume.");
    const { step, reason } = lastLine(out) as { step: number; reason: string };
    expect(reason).toBe("interrupted");
    expect(step).toBeGreaterThanOrEqual(5);
    expect(existsSync(`${place.run(signal)}/checkpoints/step-${step}/model.safetensors`)).toBe(true);
    const resumed = await place.decade("train", place.path("toy.json"), "--name", signal, "--resume", "--set", `training.steps=${step + 3}`, "--json");
    expect(lastLine(resumed.out)).toMatchObject({ reason: "finished", step: step + 3 });
    expect(resumed.err).toContain(`going on from step ${step}`);
  });

  it("twice in a moment, as where npm passes it on, still saves", async () => {
    const { child, ended } = place.start(...endless("passed-on"));
    await place.untilLogged("passed-on", 2);
    // While it sleeps, so that both wait for it; of one signal, only one would.
    (["SIGSTOP", "SIGINT", "SIGTERM", "SIGCONT"] as const).forEach((signal) => child.kill(signal));
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(lastLine(out)).toMatchObject({ reason: "interrupted" });
  });

  it.each([
    ["waits", "await new Promise(() => setInterval(() => undefined, 1000))"],
    ["computes", "while (!signal.aborted) await new Promise((go) => setTimeout(go, 5)); await new Promise((go) => setTimeout(go, 150)); for (;;);"],
  ])("twice ends a process at once that %s instead of saving", async (_, work) => {
    const module = new URL("../../dist/cli/interrupt.js", import.meta.url).href;
    const script = `import { interruptible } from ${JSON.stringify(module)};
      await interruptible(async (signal) => {
        process.stdout.write("ready");
        ${work}
      }, { exitCode: 130, onInterrupt: () => process.stdout.write("first") });`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: ["ignore", "pipe", "inherit"] });
    const exit = once(child, "exit") as Promise<[number | null, string | null]>;
    await once(child.stdout, "data");
    child.kill("SIGINT");
    await Promise.race([once(child.stdout, "data"), exit]);
    await delay(400);
    expect([child.exitCode, child.signalCode]).toEqual([null, null]);
    // Its work never ends by itself. A press that comes while the process is kept from running may still count as the first.
    const presses = setInterval(() => child.kill("SIGINT"), 400);
    child.kill("SIGINT");
    const [code, signal] = await exit;
    clearInterval(presses);
    expect(signal ?? code).toBe(signal === null ? 130 : "SIGINT"); // a shell shows 130 for both
  });
});

describe("a second process on the same run", () => {
  it("is refused, names the first, and leaves its files alone", async () => {
    const { child, ended } = place.start(...endless("shared"));
    await place.untilLogged("shared", 2);
    const plain = await place.decade(...endless("shared"));
    expect(plain).toMatchObject({ code: 1 });
    expect(plain.err).toContain("already holds a run");
    for (const flag of ["--resume", "--overwrite"]) {
      const refused = await place.decade(...endless("shared"), flag);
      expect(refused.code).toBe(1);
      expect(refused.err).toContain(`decade: The run is in use by process ${child.pid}`);
    }
    child.kill("SIGINT");
    const { code, out } = await ended;
    expect(code).toBe(130);
    expect(lastLine(out)).toMatchObject({ reason: "interrupted" });
  });
});

describe("a reader that stops reading", () => {
  it("ends the command quietly", async () => {
    expect((await place.decade("train", place.path("toy.json"), "--set", "training.steps=1")).code).toBe(0);
    await place.write("long.en", "the cat eats an apple\n".repeat(3000));
    const main = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
    const child = spawn("sh", ["-c", '"$0" "$1" translate "$2" "$3" --beam 1 | head -n 1', process.execPath, main, place.run("toy"), place.path("long.en")], { stdio: ["ignore", "pipe", "pipe"] });
    const errors: Buffer[] = [];
    child.stderr.on("data", (part: Buffer) => errors.push(part));
    await once(child, "close");
    expect(Buffer.concat(errors).toString()).toBe("");
  });
});
