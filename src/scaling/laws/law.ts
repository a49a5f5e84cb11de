import type { Scale } from "../observation.ts";

/** Values of a law's parameters by their names, such as `{ E: 1.69, A: 406.4, B: 410.7, alpha: 0.34, beta: 0.28 }`. */
export type LawParameters<Name extends string = string> = Readonly<Record<Name, number>>;

/** A formula that predicts the loss from a training's scale. */
export interface Law<Name extends string = string> {
  readonly name: string;
  /** As text, such as `L = E + A/N^alpha + B/D^beta`. */
  readonly formula: string;
  /** Paper and equation. */
  readonly source: string;
  readonly parameterNames: readonly Name[];
  /** Loss in nats a token. */
  loss(parameters: LawParameters<Name>, scale: Scale): number;
}
