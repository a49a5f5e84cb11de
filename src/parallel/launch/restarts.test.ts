import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { goneAway, goneEarly } from "../monitor/diagnosis.ts";
import { blamedIn } from "./blame.ts";
import type { JobOutcome } from "./job-process.ts";
import { judge, nameLost, runWithRestarts } from "./restarts.ts";

const ended = (code: number, errors: string[] = [], interrupted = false): JobOutcome => ({ code, errors, interrupted });
const gone = goneAway({ rank: 2, host: "node1", pid: 4711 });

describe("how a job has ended", () => {
  it.each([
    ["all was done", ended(0), "done"],
    ["Ctrl-C, and it was saved", ended(130, [], true), "interrupted"],
    ["the same, with MPICH's code for it", ended(0, [], true), "interrupted"],
    ["a rank was lost while it was saved", ended(137, [gone], true), "failed"],
    ["Ctrl-C, and it could not be saved", ended(1, ["There is no room on the disk for checkpoints/step-7/model.safetensors."], true), "failed"],
    ["Open MPI's code of a rank that was killed", ended(137, [gone]), "lost"],
    ["MPICH's code of a rank that was killed", ended(9, [gone]), "lost"],
    ["killed before anybody watched", ended(137), "lost"],
    ["crashed", ended(139), "lost"],
    ["ranks lost each other", ended(75, ["While rank 0 waited for rank 1: MPI_Test failed: peer is gone."]), "lost"],
    ["wrong usage", ended(2, ["--resume and --overwrite cannot be given together; choose one."]), "failed"],
    ["diverged", ended(1, ["The loss is NaN at step 12."]), "failed"],
    ["diverged, after which MPICH killed the others", ended(9, ["The loss is NaN at step 12."]), "failed"],
    ["mpirun found no program", ended(127), "failed"],
    ["mpirun refused", ended(1), "failed"],
  ] as const)("%s", (_, outcome, verdict) => {
    expect(judge(outcome)).toBe(verdict);
  });

  it("names who was lost", () => {
    expect(nameLost(ended(9, ["Something before.", gone]))).toBe("Rank 2");
    expect(nameLost(ended(137))).toBe("A process (the job's exit code is 137)");
    expect(nameLost({ ...ended(137), blamed: "Rank 1" })).toBe("Rank 1");
    expect(nameLost({ ...ended(137, [goneEarly({ rank: 0, host: "node1", pid: 4711 }, [1, 3])]), blamed: "Rank 1" })).toBe("Rank 1");
  });

  it.each([
    ["mpirun noticed that process rank 2 with PID 0 on node vm exited on signal 9 (Killed).", "Rank 2"],
    ["prterun noticed that process rank 1 with PID 4711 on node node-7 exited on signal 11 (Segmentation fault).", "Rank 1"],
    ["=   PID 4711 RUNNING AT node1", undefined],
    ["step 2 of 10: process rank 2", undefined],
  ])("hears it from an engine that says: %s", (line, name) => {
    expect(blamedIn(line)).toBe(name);
  });
});

test.prop([fc.nat(6), fc.nat(6)])("a job starts again as often as it is lost, and not more often than it may", async (losses, most) => {
  const [starts, said]: [number[], string[]] = [[], []];
  const { verdict } = await runWithRestarts({
    most,
    run: async (start) => {
      starts.push(start);
      return starts.length <= losses ? ended(9, [gone]) : ended(0);
    },
    say: (sentence) => said.push(sentence),
  });
  expect(verdict).toBe(losses <= most ? "done" : "lost");
  expect(starts).toEqual(Array.from({ length: Math.min(losses, most) + 1 }, (_, start) => start));
  expect(said).toHaveLength(losses <= most ? losses : most + 1);
  for (const sentence of said) expect(sentence).toMatch(/^Rank 2 was lost[;,] /);
});
