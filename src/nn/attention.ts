import { scan } from "../graph/control.ts";
import { concat, where, type Tensor } from "../graph/tensor.ts";
import { softmax } from "./activation.ts";
import { MASKED_SCORE } from "./attention-product.ts";
import { glorotInitializer, type Initializer } from "./initializer.ts";
import { Module, Parameter } from "./module.ts";

export type AttentionKind = "additive" | "dot" | "general";

/** What is attended to, prepared once a sequence. */
export interface AttentionMemory {
  /** [batch, source, hidden] */
  readonly keys: Tensor;
  /** [batch, source, memory] */
  readonly values: Tensor;
  /** bool [batch, source]: true at real positions. */
  readonly mask: Tensor;
}

/**
 * Attention of a recurrent decoder over the encoder's states.
 *
 *     dot       score(h, s) = h · s              Luong et al. 2015, eq. 8
 *     general   score(h, s) = h · (s W)          Luong et al. 2015, eq. 8
 *     additive  score(h, s) = v · tanh(h Wq + s Wk)   Bahdanau et al. 2015, section 3.1
 *     context = Σ softmax(score) s,   output = tanh([context; h] Wc)   Luong et al. 2015, eq. 5
 */
export class Attention extends Module {
  readonly weightKey: Parameter | undefined;
  readonly weightQuery: Parameter | undefined;
  readonly vector: Parameter | undefined;
  readonly weightOutput: Parameter;

  constructor(readonly kind: AttentionKind, readonly hidden: number, readonly memory: number, initializer: Initializer = glorotInitializer()) {
    super();
    if (kind === "dot" && hidden !== memory) {
      throw new Error(`Dot attention needs states of equal size; the decoder's have ${hidden} units, the encoder's ${memory}.`);
    }
    this.weightKey = kind === "dot" ? undefined : new Parameter([memory, hidden], initializer);
    this.weightQuery = kind === "additive" ? new Parameter([hidden, hidden], initializer) : undefined;
    this.vector = kind === "additive" ? new Parameter([hidden, 1], initializer) : undefined;
    this.weightOutput = new Parameter([memory + hidden, hidden], initializer);
  }

  /** values [batch, source, memory], mask bool [batch, source]. */
  prepare(values: Tensor, mask: Tensor): AttentionMemory {
    return this.within(() => ({
      keys: this.weightKey === undefined ? values : values.matmul(this.weightKey.tensor), values, mask,
    }));
  }

  /** queries [batch, queries, hidden] → output [batch, queries, hidden] and weights [batch, queries, source]. */
  forward(queries: Tensor, memory: AttentionMemory): { output: Tensor; weights: Tensor } {
    return this.within(() => {
      const masked = where(memory.mask.expandDims(1), this.scores(queries, memory.keys), MASKED_SCORE);
      const weights = softmax(masked);
      const context = weights.matmul(memory.values); // [batch, queries, memory]
      return { output: concat([context, queries]).matmul(this.weightOutput.tensor).tanh(), weights };
    });
  }

  /** As `forward` for queries [time, batch, hidden]; output [time, batch, hidden], weights [batch, time, source]. */
  overTime(queries: Tensor, memory: AttentionMemory): { output: Tensor; weights: Tensor } {
    if (this.kind !== "additive") {
      const { output, weights } = this.forward(queries.transpose([1, 0, 2]), memory);
      return { output: output.transpose([1, 0, 2]), weights };
    }
    // One query at a time: the sums of all queries and keys would fill [batch, time, source, hidden].
    const { outputs: [output, weights] } = scan([], [queries], (_carries, [query]) => {
      if (query === undefined) throw new Error("A step has a query.");
      const attended = this.forward(query.expandDims(1), memory);
      return { carries: [], outputs: [attended.output.squeeze(1), attended.weights.squeeze(1)] };
    });
    if (output === undefined || weights === undefined) throw new Error("Attention has two results.");
    return { output, weights: weights.transpose([1, 0, 2]) };
  }

  private scores(queries: Tensor, keys: Tensor): Tensor {
    if (this.weightQuery === undefined || this.vector === undefined) return queries.matmul(keys.transpose());
    const projected = queries.matmul(this.weightQuery.tensor).expandDims(2); // [batch, queries, 1, hidden]
    return projected.add(keys.expandDims(1)).tanh().matmul(this.vector.tensor).squeeze(-1);
  }
}
