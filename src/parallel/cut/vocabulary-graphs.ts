import { placeholder, scan } from "../../graph/control.ts";
import { backpropagate } from "../../graph/gradients.ts";
import type { Dim } from "../../graph/dimension.ts";
import { shapeSize } from "../../graph/shape.ts";
import { concat, constant, where, type Tensor } from "../../graph/tensor.ts";
import { rewrite, TensorMap } from "../../graph/traverse.ts";
import { Blocks } from "../../nn/loss.ts";
import type { VocabularyCut } from "./vocabulary-cut.ts";
import type { WeightRows } from "./vocabulary-rows.ts";

/**
 * The cross-entropy of one shard's words, whose logits are z = h Wᵀ + b, for each of n positions:
 *
 *     m = max z,  s = Σ exp(z - m),  t = z at the label if it is here, else 0,  u = Σ z
 *
 * Over all shards r these give M = max m_r, log Z = M + log Σ s_r exp(m_r - M), T = Σ t_r and U = Σ u_r; hence
 * -log p(label) = log Z - T and, smoothed by ε over V words, (1 - ε) (log Z - T) + ε (log Z - U / V).
 */
export class VocabularyGraphs {
  readonly #cut: VocabularyCut;
  readonly #weight: WeightRows;
  readonly #bias: WeightRows | undefined;
  readonly #positions: Dim;
  readonly #blocks: Blocks;
  /** Of the labels, as far as they are here: their rows, and 1 where they are. */
  readonly #rows: Tensor;
  readonly #isHere: Tensor;
  /** Placeholders: the hidden states, and each shard's statistics [m, s, t, u; n]. */
  readonly hidden: Tensor;
  readonly statistics: readonly Tensor[];

  constructor(cut: VocabularyCut, { weight, bias }: { weight: WeightRows; bias: WeightRows | undefined }, shards: number) {
    this.#cut = cut;
    this.#weight = weight;
    this.#bias = bias;
    this.#positions = shapeSize(cut.labels.shape);
    this.#blocks = new Blocks(this.#positions);
    this.hidden = placeholder("vocabulary.hidden", cut.hidden);
    this.statistics = Array.from({ length: shards }, (_, shard) => placeholder(`vocabulary.statistics.${shard}`, { shape: [4, this.#positions], dtype: "float32" }));
    const rows = weight.shape[0] ?? 0;
    const labels = cut.labels.reshape([this.#positions]).subtract(constant(weight.within.row, "int32"));
    this.#isHere = labels.less(constant(0, "int32")).not().and(labels.less(constant(rows, "int32")));
    this.#rows = where(this.#isHere, labels, constant(0, "int32"));
  }

  /** This shard's statistics [4, n], and exp(z - m) in blocks, which its backward pass takes. */
  forward(): { statistics: Tensor; exponentials: Tensor } {
    const weight = this.#weight.tensor;
    const bias = this.#bias?.tensor;
    const blocks = this.#blocks;
    const hidden = this.hidden.reshape([this.#positions, this.hidden.dim(-1)]);
    const stacked = [blocks.split(hidden, 1), blocks.split(this.#rows, 0)];
    const { outputs } = scan([], stacked, (_carries, [states, labels]) => {
      if (states === undefined || labels === undefined) throw new Error("A block has rows and their labels.");
      const product = states.matmul(weight.transpose()); // [rows, words]
      const logits = bias === undefined ? product : product.add(bias);
      const largest = logits.max(-1); // [rows]
      const exponentials = logits.subtract(largest.expandDims(-1)).exp();
      const atLabel = logits.takeAlong(labels.expandDims(-1), -1).squeeze(-1);
      return { carries: [], outputs: [exponentials, largest, exponentials.sum(-1), atLabel, logits.sum(-1)] };
    });
    const [exponentials, ...perRow] = outputs;
    const [largest, sums, atLabel, total] = perRow.map((rows) => blocks.join(rows, [this.#positions]));
    if (exponentials === undefined || largest === undefined || sums === undefined || atLabel === undefined || total === undefined) throw new Error("A block has statistics.");
    const vectors = [largest, sums, where(this.#isHere, atLabel, 0), total];
    return { statistics: concat(vectors.map((vector) => vector.expandDims(0)), 0), exponentials };
  }

  /** What the loss, or -log p of each sequence, comes to, given the statistics of all shards. */
  result(): Tensor {
    const { losses, negativeLogLikelihoods } = this.#crossEntropy();
    return this.#complete([this.#cut.result], losses, negativeLogLikelihoods)[0] ?? losses;
  }

  /** Derivatives of the loss by the hidden states, as far as they come from here, and by this shard's rows. */
  slopes(exponentials: Tensor, shard: number): { byHidden: Tensor; byWeight: Tensor; byBias: Tensor | undefined } {
    const { labelSmoothing, zLoss, weight: { shape: [vocabulary = 1] } } = this.#cut;
    const { losses, negativeLogLikelihoods, logZ, largest, sum } = this.#crossEntropy();
    const [slope = losses] = this.#complete(this.#slopeOfLosses(), losses, negativeLogLikelihoods);
    const dLoss = slope.reshape([this.#positions]);
    const weight = this.#weight.tensor;
    const hidden = this.hidden.reshape([this.#positions, this.hidden.dim(-1)]);
    const e = this.#blocks.rowsOf(exponentials); // [padded rows, words]
    // ∂loss/∂z = f e - g one-hot(label) - c, each a number a position times dLoss. Only f e is a matrix, which products take as it is.
    const own = this.#statistic(shard, 0).subtract(largest).exp().divide(sum);
    const f = dLoss.multiply(zLoss === 0 ? own : own.multiply(logZ.multiply(2 * zLoss).add(1)));
    const g = where(this.#isHere, dLoss.multiply(1 - labelSmoothing), 0);
    const c = labelSmoothing === 0 ? undefined : dLoss.multiply(labelSmoothing / vocabulary);
    const column = (vector: Tensor): Tensor => vector.expandDims(-1);

    const fromOthers = this.#blocks.join(exponentials.matmul(weight), hidden.shape).multiply(column(f));
    const fromLabels = fromOthers.subtract(weight.take(this.#rows).multiply(column(g)));
    const byHidden = c === undefined ? fromLabels : fromLabels.subtract(column(c).multiply(weight.sum(0)));

    const byColumns = this.#blocks.pad(hidden.multiply(column(f)), 1).transpose().matmul(e); // [dimension, words]
    const atLabels = byColumns.transpose().scatterAdd(this.#rows, hidden.multiply(column(g.negate())));
    const byWeight = c === undefined ? atLabels : atLabels.subtract(hidden.multiply(column(c)).sum(0));

    const ofBias = this.#blocks.pad(f, 0).expandDims(0).matmul(e).reshape([this.#weight.shape[0] ?? 0]).scatterAdd(this.#rows, g.negate());
    const byBias = this.#bias && (c === undefined ? ofBias : ofBias.subtract(c.sum()));
    return { byHidden: byHidden.reshape(this.hidden.shape), byWeight, byBias };
  }

  #statistic(shard: number, row: 0 | 1 | 2 | 3): Tensor {
    return (this.statistics[shard] ?? this.hidden).slice(0, row, row + 1).reshape([this.#positions]);
  }

  #crossEntropy() {
    const { labels, labelSmoothing, zLoss, weight: { shape: [vocabulary = 1] } } = this.#cut;
    const all = (row: 0 | 1 | 2 | 3): Tensor[] => this.statistics.map((_, shard) => this.#statistic(shard, row));
    const largest = all(0).reduce((a, b) => a.maximum(b)); // [n]
    const sum = all(1).map((s, shard) => s.multiply(this.#statistic(shard, 0).subtract(largest).exp())).reduce((a, b) => a.add(b));
    const logZ = largest.add(sum.log());
    const nll = logZ.subtract(all(2).reduce((a, b) => a.add(b)));
    const smoothed = labelSmoothing === 0 ? nll : nll.multiply(1 - labelSmoothing)
      .add(logZ.subtract(all(3).reduce((a, b) => a.add(b)).divide(vocabulary)).multiply(labelSmoothing));
    const losses = zLoss === 0 ? smoothed : smoothed.add(logZ.square().multiply(zLoss));
    return { losses: losses.reshape(labels.shape), negativeLogLikelihoods: nll.reshape(labels.shape), logZ, largest, sum };
  }

  #slopeOfLosses(): Tensor[] {
    const { result, losses, negativeLogLikelihoods } = this.#cut;
    const [slope, other] = backpropagate([result], [constant(1)], [losses, negativeLogLikelihoods]);
    if (slope === undefined || other !== undefined) throw new Error('Training minimises the "losses" of the cross-entropy; its -log p has no derivative.');
    return [slope];
  }

  #complete(tensors: readonly Tensor[], losses: Tensor, negativeLogLikelihoods: Tensor): Tensor[] {
    return rewrite(tensors, new TensorMap([[this.#cut.losses, losses], [this.#cut.negativeLogLikelihoods, negativeLogLikelihoods]]));
  }
}
