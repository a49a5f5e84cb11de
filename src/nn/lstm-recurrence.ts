import { customGradient, scan } from "../graph/control.ts";
import { concat, constant, where, zeros, type Tensor } from "../graph/tensor.ts";
import { shapeSize } from "../graph/shape.ts";

/** What a layer remembers: both [batch, hidden]. */
export interface LstmState {
  readonly hidden: Tensor;
  readonly cell: Tensor;
}

/** Everything that one step computes, [batch, hidden] where not stated. */
interface CellStep {
  /** σ of input, forget and output gate: [batch, 3·hidden]. */
  readonly open: Tensor;
  readonly input: Tensor;
  readonly forget: Tensor;
  readonly output: Tensor;
  readonly candidate: Tensor;
  /** σ(i) tanh(g) */
  readonly added: Tensor;
  /** σ(f) c */
  readonly kept: Tensor;
  readonly nextCell: Tensor;
  readonly squashed: Tensor;
  /** σ(o) tanh(c') */
  readonly shown: Tensor;
}

/**
 * One step from the sums of all gates, [batch, 4·hidden] in the order i, f, o, g. Where `mask` (bool [batch, 1]) is
 * false, the input gate is shut and the forget gate open, so that the cell stays as it is, exactly.
 */
export function cellStep(gates: Tensor, cell: Tensor, mask?: Tensor): CellStep {
  const units = cell.dim(-1);
  if (typeof units !== "number") throw new Error("An LSTM has a known number of units.");
  const [sums, candidateSum] = gates.split([3 * units, units]);
  if (sums === undefined || candidateSum === undefined) throw new Error("An LSTM has four gates.");
  const open = mask === undefined ? sums.sigmoid() : where(mask, sums.sigmoid(), standstill(units));
  const [input, forget, output] = open.split([units, units, units]);
  if (input === undefined || forget === undefined || output === undefined) throw new Error("An LSTM has three sigmoid gates.");
  const candidate = candidateSum.tanh();
  const added = input.multiply(candidate);
  const kept = forget.multiply(cell);
  const nextCell = kept.add(added);
  const squashed = nextCell.tanh();
  return { open, input, forget, output, candidate, added, kept, nextCell, squashed, shown: output.multiply(squashed) };
}

/** Gates that leave the cell alone: i = 0, f = 1, o = 0. */
function standstill(units: number): Tensor {
  return constant(Array.from({ length: 3 * units }, (_, at) => (Math.floor(at / units) === 1 ? 1 : 0)));
}

/**
 * The recurrent part of an LSTM over a sequence, from projected inputs [time, batch, 4·hidden] and the recurrent weight
 * [hidden, 4·hidden]: hidden states [time, batch, hidden] and the last state. Where `mask` (bool [time, batch, 1]) is
 * false, the state passes through unchanged. `reverse` reads from the end.
 *
 * Its backward pass is stated. With K = σ'-weighted values of the four gates and k = ∂h'/∂c', which the forward loop
 * knows at each step, it is, for δh and δc coming from the step after,
 *
 *     δc ← δc + k δh
 *     δz = [δc, δc, δh, δc] K
 *     δc ← σ(f) δc,  δh ← δz Whᵀ
 *
 * so that its loop holds one product and six elementwise operations.
 */
export function recurrence(
  projected: Tensor, weight: Tensor, initial: LstmState, { mask, reverse = false }: { mask?: Tensor | undefined; reverse?: boolean } = {},
): { outputs: Tensor; final: LstmState } {
  const inputs = [projected, weight, initial.hidden, initial.cell, ...(mask === undefined ? [] : [mask])];
  const [hidden, cell, outputs] = customGradient(inputs, (x, w, h0, c0, real) => {
    const { carries, outputs: stacked } = scan(present([h0, c0]), present(real === undefined ? [x] : [x, real]), ([h, c], [xt, realNow]) => {
      if (xt === undefined || h === undefined || c === undefined || w === undefined) throw new Error("A step has a state and an input.");
      const step = cellStep(xt.add(h.matmul(w)), c, realNow);
      const next = realNow === undefined ? step.shown : where(realNow, step.shown, h);
      return { carries: [next, step.nextCell], outputs: [next, h, ...slopesOf(step)] };
    }, { reverse });
    return [...carries, ...stacked];
  }, ([, w, , , real], [, , , before, byGates, byCell, forget], [dHidden, dCell, dOutputs, ...dSlopes]) => {
    if (dSlopes.some((slope) => slope !== undefined)) return undefined; // a second derivative
    const [k, kc, f, h] = present([byGates, byCell, forget, before]);
    if (w === undefined || k === undefined || kc === undefined || f === undefined || h === undefined) throw new Error("An LSTM has its slopes.");
    const none = zeros(f.shape.slice(1));
    const optional = [...(dOutputs === undefined ? [] : [dOutputs]), ...(real === undefined ? [] : [real])];
    const { carries: [dh0, dc0], outputs: [dGates] } = scan([dHidden ?? none, dCell ?? none], [k, kc, f, ...optional], ([dhNext, dcNext], [kt, kct, ft, ...rest]) => {
      if (dhNext === undefined || dcNext === undefined || kt === undefined || kct === undefined || ft === undefined) throw new Error("A step has slopes.");
      const dOutput = dOutputs === undefined ? undefined : rest[0];
      const realNow = real === undefined ? undefined : rest.at(-1);
      const dh = dOutput === undefined ? dhNext : dhNext.add(dOutput);
      const dc = dcNext.add(dh.multiply(kct));
      const dz = concat([dc, dc, dh, dc]).multiply(kt); // [batch, 4·hidden]
      const product = dz.matmul(w.transpose());
      return { carries: [realNow === undefined ? product : where(realNow, 0, dh).add(product), dc.multiply(ft)], outputs: [dz] };
    }, { reverse: !reverse });
    const dWeight = dGates && rowsOf(h).transpose().matmul(rowsOf(dGates));
    return [dGates, dWeight, dh0, dc0];
  });
  if (hidden === undefined || cell === undefined || outputs === undefined) throw new Error("A layer has a state and outputs.");
  return { outputs, final: { hidden, cell } };
}

/** K, k and σ(f) of a step: ∂h'/∂z = K where z reaches h' by its own gate, ∂c'/∂z = K elsewhere, ∂h'/∂c' = k. */
function slopesOf({ open, input, forget, output, candidate, added, kept, squashed, shown }: CellStep): [Tensor, Tensor, Tensor] {
  const bySigmoids = concat([added, kept, shown]).multiply(constant(1).subtract(open)); // σ' = σ (1 - σ)
  const byCandidate = input.subtract(added.multiply(candidate)); // tanh' = 1 - tanh²
  return [concat([bySigmoids, byCandidate]), output.subtract(shown.multiply(squashed)), forget];
}

/** [time, batch, n] → [time·batch, n] */
function rowsOf(tensor: Tensor): Tensor {
  return tensor.reshape([shapeSize(tensor.shape.slice(0, -1)), tensor.dim(-1)]);
}

function present(tensors: readonly (Tensor | undefined)[]): Tensor[] {
  return tensors.map((tensor) => {
    if (tensor === undefined) throw new Error("A layer lacks an input.");
    return tensor;
  });
}
