import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { diagnose, type Patient } from "./diagnosis.ts";

const limits = { heartbeatSeconds: 10, stallSeconds: 600 };
const patient = (rank: number, state: Partial<Patient["vitals"]> & { unheard?: number } = {}): Patient => {
  const { unheard = 0, ...vitals } = state;
  return { rank, host: `node${rank}`, pid: 100 + rank, unheard, vitals: { silent: 0, idle: 0, ...vitals } };
};

describe("what is wrong with a job", () => {
  test.prop([fc.array(fc.record({ idle: fc.double({ min: 0, max: 600, noNaN: true }), silent: fc.double({ min: 0, max: 1e4, noNaN: true }), unheard: fc.double({ min: 0, max: 10, noNaN: true }) }), { maxLength: 8 })])(
    "is nothing while ranks are heard from and one of them gets on, however long its calls last", (states) => {
      expect(diagnose([...states.map((state, rank) => patient(rank, { ...state, idle: 1e5 })), patient(9, { idle: 599, silent: 1e4 })], limits)).toBeUndefined();
    });

  it("is the rank that is silent", () => {
    expect(diagnose([patient(0), patient(1, { unheard: 11 })], limits)).toBe(
      "Rank 1 (process 101 on node1) has not been heard from for 11 s: it or its host is stopped, or the network between is cut. The job ends; go on from the newest checkpoint with --resume.");
  });

  it("is the rank that computes while all others wait", () => {
    expect(diagnose([patient(0, { idle: 700, waiting: "rank 0 waited for rank 1" }), patient(1, { idle: 690, silent: 690, waiting: "rank 1 waited for rank 2" })], limits)).toBe(
      "Rank 1 (process 101 on node1) has computed without an end for 690 s, while rank 0 waited for rank 1. The job ends; go on from the newest checkpoint with --resume.");
  });

  it("is all ranks where each waits, or where several hang", () => {
    expect(diagnose([0, 1].map((rank) => patient(rank, { idle: 601, waiting: `rank ${rank} waited for rank ${1 - rank}` })), limits))
      .toContain("All ranks have waited for each other for 600 s: rank 0 waited for rank 1; rank 1 waited for rank 0.");
    expect(diagnose([0, 1].map((rank) => patient(rank, { idle: 601 })), limits)).toContain("Ranks 0 and 1 have done nothing for 601 s.");
  });
});
