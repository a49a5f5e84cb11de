import { expect, it } from "vitest";
import { lastLine, Workplace } from "./fixtures/command-line.ts";
import { quickstart } from "./quickstart-program.ts";

it("trains, measures, pronounces, and ends with the line of fixed names", async () => {
  const place = await Workplace.create();
  try {
    const out: string[] = [];
    const small = [`directory=${place.path("runs")}`, "training.steps=3", "model.hidden=8", "data.validation.count=5", "data.test.count=20", "engine.threads=1"];
    const args = ["--json", ...small.flatMap((each) => ["--set", each])];
    // Twice, because a newcomer may run it again.
    for (let time = 0; time < 2; time++) {
      const code = await quickstart(args, { out: (part) => out.push(part), err: () => undefined, interactive: false });
      expect(code).toBe(0);
    }
    const number: unknown = expect.any(Number);
    expect(lastLine(out.join(""))).toEqual({ per: number, wer: number, seconds: number, trainTokensPerSecond: number });
    expect(out.join("")).toMatch(/^ {2}decadify/m);
  } finally {
    await place.remove();
  }
});
