import { nameRanks } from "../transports/checks.ts";
import type { Vitals } from "./shared-state.ts";

export interface Member {
  readonly rank: number;
  readonly host: string;
  readonly pid: number;
}

/** The process beside rank 0 that hears from all. */
export type Watcher = Omit<Member, "rank">;

/** Why a rank ends before it has done what it had to. */
export interface Failure {
  /** Its exit code. */
  readonly code: number;
  /** What is to be said. */
  readonly text: string;
}

export interface Patient extends Member {
  /** Seconds since it was last heard from. */
  readonly unheard: number;
  readonly vitals: Vitals;
}

export interface Limits {
  /** Seconds of silence after which a rank counts as gone; ranks speak every second. */
  readonly heartbeatSeconds: number;
  /** Seconds without progress on any rank after which the job counts as stuck. */
  readonly stallSeconds: number;
}

/** Seconds without a turn of the event loop after which a rank counts as computing, not as waiting. */
const COMPUTES = 3;

/** "Rank 2 (process 4711 on node7)". */
export function nameMember({ rank, host, pid }: Member): string {
  return `Rank ${rank} (process ${pid} on ${host})`;
}

export function watcherUnheard({ host, pid }: Watcher, seconds: number): string {
  return `The host of rank 0, ${host}, has not been heard from for ${Math.round(seconds)} s: it is stopped, or process ${pid} on it, which watches the job, or the network between is cut. ${CONSEQUENCE}`;
}

export function watcherGone({ host, pid }: Watcher): string {
  return `Process ${pid} on ${host}, which watches the job beside rank 0, is gone: it or the host was ended. ${CONSEQUENCE}`;
}

export function goneAway(member: Member): string {
  return `${nameMember(member)} is gone: it was killed, or ended before its work was done. ${CONSEQUENCE}`;
}

/** While they gather, the first to be gone need not be the first that died: mpirun ends all others, which then go in any order. */
export function goneEarly(member: Member, missing: readonly number[]): string {
  return `A rank was killed, or ended, before all had joined: ${nameMember(member).replace(/^R/, "r")} is gone, and ${nameRanks(missing)} had not come. ${CONSEQUENCE}`;
}

export function neverCame(missing: readonly number[], seconds: number): string {
  const who = nameRanks(missing).replace(/^r/, "R");
  return `${who} ${missing.length === 1 ? "has" : "have"} not joined the others within ${seconds} s: stopped, or kept from reaching the host of rank 0 by TCP. ${CONSEQUENCE}`;
}

/** Ends each sentence on a job that has lost a rank. */
export const CONSEQUENCE = "The job ends; go on from the newest checkpoint with --resume.";

/** What is wrong with a job, as a sentence that names the ranks to blame; undefined while all is well. */
export function diagnose(patients: readonly Patient[], { heartbeatSeconds, stallSeconds }: Limits): string | undefined {
  const silent = patients.find(({ unheard }) => unheard > heartbeatSeconds);
  if (silent !== undefined) return `${nameMember(silent)} has not been heard from for ${Math.round(silent.unheard)} s: it or its host is stopped, or the network between is cut. ${CONSEQUENCE}`;
  if (patients.length === 0 || patients.some(({ vitals: { idle } }) => idle <= stallSeconds)) return undefined;
  const waits = ({ vitals: { silent: quiet, waiting } }: Patient): boolean => quiet < COMPUTES && waiting !== undefined;
  const stuck = patients.filter((patient) => !waits(patient));
  const waiting = patients.filter(waits).flatMap(({ vitals }) => vitals.waiting ?? []);
  if (stuck.length === 0) return `All ranks have waited for each other for ${Math.round(stallSeconds)} s: ${waiting.join("; ")}. ${CONSEQUENCE}`;
  const [first] = stuck;
  const who = stuck.length === 1 && first !== undefined ? nameMember(first) : nameRanks(stuck.map(({ rank }) => rank)).replace(/^r/, "R");
  const doing = stuck.every(({ vitals }) => vitals.silent >= COMPUTES) ? "computed without an end" : "done nothing";
  const meanwhile = waiting.length === 0 ? "" : `, while ${waiting.slice(0, 3).join("; ")}`;
  return `${who} ${stuck.length === 1 ? "has" : "have"} ${doing} for ${Math.round(Math.min(...stuck.map(({ vitals }) => vitals.idle)))} s${meanwhile}. ${CONSEQUENCE}`;
}
