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
  const sigmoids = present(sums).sigmoid();
  const open = mask === undefined ? sigmoids : where(mask, sigmoids, standstill(units));
  const [input, forget, output] = open.split([units, units, units]);
  if (input === undefined || forget === undefined || output === undefined) throw new Error("An LSTM has three sigmoid gates.");
  const candidate = present(candidateSum).tanh();
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
 * Its backward pass is stated, so that the backward loop does little besides its product: what a step multiplies the
 * derivatives by is computed in the forward loop, where all of it is at hand.
 */
export function recurrence(
  projected: Tensor, weight: Tensor, initial: LstmState, { mask, reverse = false }: { mask?: Tensor | undefined; reverse?: boolean } = {},
): { outputs: Tensor; final: LstmState } {
  const inputs = [projected, weight, initial.hidden, initial.cell, ...(mask === undefined ? [] : [mask])];
  const [hidden, cell, outputs] = customGradient(inputs, (...given) => forwardLoop(given, reverse), (given, [, , , ...saved], cotangents) => {
    const isSecond = cotangents.slice(3).some((cotangent) => cotangent !== undefined);
    return isSecond ? undefined : backwardLoop(given, saved, cotangents, reverse);
  });
  return { outputs: present(outputs), final: { hidden: present(hidden), cell: present(cell) } };
}

/** Gives the last hidden state and cell, the hidden states, and stacked what the backward loop reads: h, K, k, σ(f). */
function forwardLoop([projected, weight, hidden0, cell0, mask]: readonly (Tensor | undefined)[], reverse: boolean): Tensor[] {
  const stacked = [present(projected), ...(mask === undefined ? [] : [mask])];
  const { carries, outputs } = scan([present(hidden0), present(cell0)], stacked, ([h, cell], [x, real]) => {
    const hidden = present(h);
    const step = cellStep(present(x).add(hidden.matmul(present(weight))), present(cell), real);
    const next = real === undefined ? step.shown : where(real, step.shown, hidden);
    return { carries: [next, step.nextCell], outputs: [next, hidden, ...slopesOf(step)] };
  }, { reverse });
  return [...carries, ...outputs];
}

/**
 * K [batch, 4·hidden], k and σ(f) of a step. Of the gates' sums z, o reaches h' directly and the others by way of c':
 * K holds ∂c'/∂z of i, f and g, and ∂h'/∂z of o; k is ∂h'/∂c'. All but σ(f) = ∂c'/∂c are 0 where the cell stands still.
 */
function slopesOf({ open, input, forget, output, candidate, added, kept, squashed, shown }: CellStep): [Tensor, Tensor, Tensor] {
  const bySigmoids = concat([added, kept, shown]).multiply(constant(1).subtract(open)); // σ' = σ (1 - σ)
  const byCandidate = input.subtract(added.multiply(candidate)); // tanh' = 1 - tanh²
  return [concat([bySigmoids, byCandidate]), output.subtract(shown.multiply(squashed)), forget];
}

/**
 * Derivatives by projected inputs, weight and initial state. With δh and δc from the step after, a step is
 *
 *     δc ← δc + k δh
 *     δz = K [δc, δc, δh, δc]
 *     δc ← σ(f) δc,  δh ← δz Whᵀ
 */
function backwardLoop(
  [, weight, , , mask]: readonly Tensor[], [before, byGates, byCell, forget]: readonly Tensor[],
  [dHidden, dCell, dOutputs]: readonly (Tensor | undefined)[], reverse: boolean,
): (Tensor | undefined)[] {
  const none = zeros(present(forget).shape.slice(1));
  const stacked = [byGates, byCell, forget].map(present);
  const optional = [...(dOutputs === undefined ? [] : [dOutputs]), ...(mask === undefined ? [] : [mask])];
  const { carries, outputs: [dGates] } = scan([dHidden ?? none, dCell ?? none], [...stacked, ...optional], ([dhNext, dcNext], [k, kCell, f, ...rest]) => {
    const dh = dOutputs === undefined ? present(dhNext) : present(dhNext).add(present(rest[0]));
    const dc = present(dcNext).add(dh.multiply(present(kCell)));
    const dz = concat([dc, dc, dh, dc]).multiply(present(k));
    const product = dz.matmul(present(weight).transpose());
    const passed = mask === undefined ? product : where(present(rest.at(-1)), 0, dh).add(product);
    return { carries: [passed, dc.multiply(present(f))], outputs: [dz] };
  }, { reverse: !reverse });
  const byWeight = rowsOf(present(before)).transpose().matmul(rowsOf(present(dGates)));
  return [dGates, byWeight, ...carries];
}

/** [time, batch, n] → [time·batch, n] */
function rowsOf(tensor: Tensor): Tensor {
  return tensor.reshape([shapeSize(tensor.shape.slice(0, -1)), tensor.dim(-1)]);
}

function present(tensor: Tensor | undefined): Tensor {
  if (tensor === undefined) throw new Error("A layer lacks one of its tensors.");
  return tensor;
}
