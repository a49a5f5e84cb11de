import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { duration, table } from "./format.ts";
import { ProgressLine, trainingReporter, translationProgress } from "./progress.ts";

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

describe("a counter", () => {
  it("tells the time left at the pace so far", () => {
    const { line, printed } = record(false);
    const counted = line.counter("pairs scored");
    vi.advanceTimersByTime(10_000);
    counted(1000, 4000);
    vi.advanceTimersByTime(10_000);
    counted(4000, 4000);
    expect(printed).toEqual(["1,000 of 4,000 pairs scored, 30 s left\n", "4,000 of 4,000 pairs scored, 0 s left\n"]);
  });
});

describe("a translation's progress", () => {
  it("tells how far the next sentences are, and makes way for what is printed", () => {
    const { line, printed } = record(true);
    const { onProgress, onToken } = translationProgress(line, 3);
    onToken(1);
    vi.advanceTimersByTime(10_000);
    onProgress(1, 3);
    vi.advanceTimersByTime(1000);
    onToken(17);
    line.clear();
    line.clear();
    expect(printed.join("").split("\r\u001B[K").slice(1)).toEqual([
      "0 of 3 sentences, 1 token of the next, ? left", "1 of 3 sentences, 20 s left", "1 of 3 sentences, 17 tokens of the next, 22 s left", "",
    ]);
  });
});

describe("a training's progress", () => {
  const shown = (columns: number | undefined, mfu?: number): string => {
    const printed: string[] = [];
    const { onEvent } = trainingReporter({ out: () => undefined, err: (text) => printed.push(text), interactive: true, columns });
    onEvent({
      kind: "progress", step: 50, totalSteps: 1500, epoch: 0.25, loss: 2.5, learningRate: 1, gradientNorm: 1, tokensPerSecond: 2248,
      secondsLeft: 60, ...(mfu !== undefined && { mfu }),
    });
    return printed.join("").replace("\r\u001B[K", "");
  };

  it("shows the share of the engine's peak, where it is known and fits", () => {
    const [whole, without] = ["step 50/1500  epoch 0.25  loss 2.500  2,248 tokens/s  mfu 43%  1 min 00 s left", "step 50/1500  epoch 0.25  loss 2.500  2,248 tokens/s  1 min 00 s left"];
    expect(shown(undefined, 0.4271)).toBe(whole);
    expect(shown(whole.length + 1, 0.4271)).toBe(whole);
    expect(shown(whole.length, 0.4271)).toBe(without);
    expect(shown(undefined)).toBe(without);
  });
});

describe("formats", () => {
  it("tables may have any number of rows", () => {
    expect(table(["number"], Array.from({ length: 300_000 }, (_, at) => [String(at)]), [0]).split("\n").slice(0, 2)).toEqual(["number", "     0"]);
  });

  it.each([[0, "0 s"], [59.6, "1 min 00 s"], [250, "4 min 10 s"], [3900, "1 h 05 min"], [Infinity, "?"]])("%f seconds read %s", (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });

  it("aligns columns", () => {
    expect(table(["name", "step"], [["a", "10"], ["longer", "5"]], [1])).toBe("name    step\na         10\nlonger     5");
  });
});
