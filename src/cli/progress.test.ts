import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { duration, table } from "./format.ts";
import { ProgressLine } from "./progress.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["performance"] });
});
afterEach(() => {
  vi.useRealTimers();
});

function record(interactive: boolean): { line: ProgressLine; printed: string[] } {
  const printed: string[] = [];
  return { printed, line: new ProgressLine({ out: () => undefined, err: (text) => printed.push(text), interactive }) };
}

describe("ProgressLine", () => {
  it("rewrites its line on a terminal, and leaves it for a line that stays", () => {
    const { line, printed } = record(true);
    line.update(() => "one");
    vi.advanceTimersByTime(150);
    line.update(() => "two");
    line.note("saved");
    line.close();
    expect(printed.join("")).toBe("\r\u001B[Kone\r\u001B[Ktwo\nsaved\n");
  });

  it("prints a plain line about every ten seconds elsewhere", () => {
    const { line, printed } = record(false);
    for (let second = 1; second <= 25; second++) {
      vi.advanceTimersByTime(1000);
      line.update(() => `second ${second}`);
    }
    line.close();
    expect(printed).toEqual(["second 10\n", "second 20\n"]);
  });
});

describe("formats", () => {
  it.each([[0, "0 s"], [59.6, "1 min 00 s"], [250, "4 min 10 s"], [3900, "1 h 05 min"], [Infinity, "?"]])("%f seconds read %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it("aligns columns", () => {
    expect(table(["name", "step"], [["a", "10"], ["longer", "5"]], [1])).toBe("name    step\na         10\nlonger     5");
  });
});
