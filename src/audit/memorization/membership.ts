/**
 * Whether texts were trained on, told by how much likelier the model finds them than a reference model does (Carlini et
 * al. 2021, "Extracting Training Data from Large Language Models", section 5).
 */
import { areaUnderCurve } from "../../metrics/area-under-curve.ts";
import type { TextModel } from "../../decode/language/generator.ts";
import type { Engine } from "../../engines/engine.ts";
import { philox } from "../../metrics/counter-random.ts";
import { scoreContinuations } from "../../train/evaluate/score-continuations.ts";
import { AuditError } from "../audit-error.ts";

export interface Membership {
  /** Stretches of the training text, and of text that was held out. */
  readonly members: number;
  readonly others: number;
  /** Tokens of each. */
  readonly length: number;
  /** The probability that a member's loss, less the reference model's, is below one that is no member; ½ tells nothing. */
  readonly auroc: number;
  readonly standardError: number;
  /** The same by the model's loss alone. */
  readonly aurocWithoutReference: number;
}

export interface MembershipOptions {
  readonly length: number;
  readonly samples: number;
  readonly seed: number;
}

/** @throws AuditError where a text is too short */
export async function measureMembership(
  model: TextModel, reference: TextModel, trained: Int32Array, heldOut: Int32Array, engine: Engine, { length, samples, seed }: MembershipOptions,
): Promise<Membership> {
  const [members, others] = [stretches(trained, length, samples, seed, "training text"), stretches(heldOut, length, samples, seed + 1, "held-out text")];
  const rows = [...members, ...others].map((tokens) => ({ tokens, from: 1 }));
  const [own, its] = [await scoreContinuations(model, rows, engine), await scoreContinuations(reference, rows, engine)];
  const split = (scores: readonly number[]): [number[], number[]] => [scores.slice(0, members.length), scores.slice(members.length)];
  const auroc = areaUnderCurve(...split(own.map((score, at) => score - (its[at] ?? NaN))));
  return {
    members: members.length, others: others.length, length, auroc, standardError: aurocError(auroc, members.length, others.length),
    aurocWithoutReference: areaUnderCurve(...split(own)),
  };
}

/** Standard error of the area (Hanley and McNeil 1982, equation 1). */
export function aurocError(area: number, positive: number, negative: number): number {
  const [q1, q2] = [area / (2 - area), (2 * area * area) / (1 + area)];
  return Math.sqrt((area * (1 - area) + (positive - 1) * (q1 - area * area) + (negative - 1) * (q2 - area * area)) / (positive * negative));
}

/** Stretches that do not overlap, in an order drawn by the seed. @throws AuditError where the text has fewer than two */
export function stretches(tokens: Int32Array, length: number, samples: number, seed: number, name: string): Int32Array[] {
  const count = Math.floor(tokens.length / length);
  if (count < 2) throw new AuditError(`The ${name} has ${tokens.length} tokens, fewer than two stretches of ${length}; give shorter ones or more text.`);
  const places = Array.from({ length: count }, (_, at) => ({ at, order: philox(seed, at, 0x6d656d62)[0] })).sort((a, b) => a.order - b.order);
  return places.slice(0, samples).map(({ at }) => tokens.subarray(at * length, (at + 1) * length));
}
