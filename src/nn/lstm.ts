import { shapeSize } from "../graph/shape.ts";
import { concat, zeros, type Tensor } from "../graph/tensor.ts";
import { glorotInitializer, type Initializer } from "./initializer.ts";
import { cellStep, recurrence, type LstmState } from "./lstm-recurrence.ts";
import { Module, Parameter } from "./module.ts";

export type { LstmState };

export interface LstmOptions {
  readonly bias?: boolean;
  /** Initial bias of the forget gate (Gers, Schmidhuber and Cummins 2000; Jozefowicz et al. 2015). */
  readonly forgetBias?: number;
  readonly initializer?: Initializer;
}

/**
 * Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000):
 *
 *     i, f, o, g = split(x Wx + h Wh + b)
 *     c' = σ(f) c + σ(i) tanh(g)
 *     h' = σ(o) tanh(c')
 */
export class Lstm extends Module {
  readonly weightInput: Parameter;
  readonly weightHidden: Parameter;
  readonly bias: Parameter | undefined;

  constructor(readonly input: number, readonly hidden: number, { bias = true, forgetBias = 1, initializer }: LstmOptions = {}) {
    super();
    const gates = initializer ?? glorotInitializer(4);
    this.weightInput = new Parameter([input, 4 * hidden], gates);
    this.weightHidden = new Parameter([hidden, 4 * hidden], gates);
    this.bias = bias ? new Parameter([4 * hidden], ([size = 0]) => (
      Float32Array.from({ length: size }, (_, i) => (Math.floor(i / hidden) === 1 ? forgetBias : 0)))) : undefined;
  }

  /** The state before a sequence. */
  zeroState(batch: Tensor["shape"][number]): LstmState {
    return { hidden: zeros([batch, this.hidden]), cell: zeros([batch, this.hidden]) };
  }

  /**
   * Reads a sequence [time, batch, input]; gives the hidden states [time, batch, hidden] and the last state.
   * Where `mask` (bool [time, batch]) is false, the state passes through unchanged. `reverse` reads from the end.
   */
  forward(
    x: Tensor, options: { initial?: LstmState; mask?: Tensor | undefined; reverse?: boolean } = {},
  ): { outputs: Tensor; final: LstmState } {
    return this.within(() => {
      const initial = options.initial ?? this.zeroState(x.dim(1));
      return recurrence(this.projectInput(x), this.weightHidden.tensor, initial, {
        mask: options.mask?.expandDims(-1), reverse: options.reverse ?? false,
      });
    });
  }

  /** One step: x [batch, input]. */
  step(x: Tensor, state: LstmState): LstmState {
    return this.within(() => {
      const gates = this.projectInput(x).add(state.hidden.matmul(this.weightHidden.tensor));
      const { shown, nextCell } = cellStep(gates, state.cell);
      return { hidden: shown, cell: nextCell };
    });
  }

  /** x Wx + b for all positions at once: [..., input] → [..., 4·hidden]. Rows of a matrix, so that an engine may take both as one. */
  private projectInput(x: Tensor): Tensor {
    const rows = x.reshape([shapeSize(x.shape.slice(0, -1)), this.input]).matmul(this.weightInput.tensor);
    const sums = this.bias === undefined ? rows : rows.add(this.bias.tensor);
    return sums.reshape([...x.shape.slice(0, -1), 4 * this.hidden]);
  }
}

/** Reads a sequence in both directions (Schuster and Paliwal 1997); half of the hidden units each way. */
export class BidirectionalLstm extends Module {
  readonly forwards: Lstm;
  readonly backwards: Lstm;

  constructor(readonly input: number, readonly hidden: number, options: LstmOptions = {}) {
    super();
    if (hidden % 2 !== 0) throw new Error(`A bidirectional layer needs an even number of hidden units, received ${hidden}.`);
    this.forwards = new Lstm(input, hidden / 2, options);
    this.backwards = new Lstm(input, hidden / 2, options);
  }

  forward(x: Tensor, { mask }: { mask?: Tensor | undefined } = {}): { outputs: Tensor; final: LstmState } {
    return this.within(() => {
      const ahead = this.forwards.forward(x, { mask });
      const back = this.backwards.forward(x, { mask, reverse: true });
      return {
        outputs: concat([ahead.outputs, back.outputs]),
        final: {
          hidden: concat([ahead.final.hidden, back.final.hidden]),
          cell: concat([ahead.final.cell, back.final.cell]),
        },
      };
    });
  }
}
