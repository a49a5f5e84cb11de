import { customGradient, scan } from "../graph/control.ts";
import { multiplyDims, subtractDims, type Dim } from "../graph/dimension.ts";
import { concat, iota, randomUniform, sumTo, where, type Tensor } from "../graph/tensor.ts";
import { softmax } from "./activation.ts";
import type { DropoutDraw } from "./dropout.ts";

export interface AttentionOptions {
  /** Query i sees keys 0 to i. */
  readonly causal?: boolean;
  /** bool [batch, keys]: which keys exist. */
  readonly mask?: Tensor | undefined;
  /** int32 [batch, time]: a query sees keys of its own segment alone. */
  readonly segments?: Tensor | undefined;
  /** Of the attention probabilities. */
  readonly dropout?: DropoutDraw | undefined;
  /** By default what `loopOver` finds fastest. */
  readonly loop?: AttentionLoop;
}

/**
 * What is attended from at once. "none": everything, and scores [batch, heads, time, keys] are kept for the backward
 * pass. "sentence", "head": one sentence or one head of it at a time, and the backward pass computes its scores again.
 */
export type AttentionLoop = "none" | "sentence" | "head";

/** Far below every score. A query that sees no key at all attends to all of them evenly. */
export const MASKED_SCORE = -1e9;

/**
 * softmax(Q Kᵀ / √size) V (Vaswani et al. 2017, eq. 1): query [batch, heads, time, size], key and value
 * [batch, keyValueHeads, keys, size] → [batch, heads, time, size]. Heads that share keys and values are neighbours
 * (Ainslie et al. 2023).
 *
 * Long sequences are walked through in a loop that holds the scores of a block of queries at a time, twice: forwards and
 * backwards (Rabe and Staats 2021; Dao et al. 2022). Where the length is known, blocks skip the keys that no query of
 * theirs may see.
 */
export function attention(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions = {}): Tensor {
  const { mask, segments, dropout } = options;
  const loop = options.loop ?? loopOver(query.dim(2), key.dim(2));
  const given = [mask, segments, dropout?.seed].filter((tensor) => tensor !== undefined);
  /** What a pass reads, of its arguments: those that are given, in their order. */
  const operandsOf = ([q, k, v, ...others]: readonly Tensor[]): Operands => {
    if (q === undefined || k === undefined || v === undefined) throw new Error("Attention takes queries, keys and values.");
    return operands(q, k, v, {
      causal: options.causal ?? false, mask: mask && others.shift(), segments: segments && others.shift(),
      dropout: dropout && { ...dropout, seed: others.shift() ?? dropout.seed },
    }, loop);
  };
  const [attended] = customGradient([query, key, value, ...given], (...inputs) => {
    const all = operandsOf(inputs);
    return each(loop, all, [], (step) => [forwards(step)]).map((result) => result.reshape(query.shape));
  }, (inputs, [output], [dOutput]) => {
    if (output === undefined || dOutput === undefined) return [];
    const all = operandsOf(inputs);
    const grouped = [output, dOutput].map((tensor) => loopAxis(tensor.reshape(all.grouped), loop));
    const slopes = each(loop, all, grouped, (step, [y, dy]) => (y && dy ? backwards(step, y, dy) : []));
    return slopes.map((slope, at) => slope.reshape(inputs[at]?.shape ?? []));
  });
  if (attended === undefined) throw new Error("Attention has an output.");
  return attended;
}

/**
 * The default loop. From 256 positions on it saves time as well as memory, because scores stay in the cache; what is shorter,
 * or of unknown length, is fastest in one piece. A head's share of a long sentence fills the cache by itself.
 */
export function loopOver(time: Dim, keys: Dim): AttentionLoop {
  const longest = Math.max(...[time, keys].filter((dim) => typeof dim === "number"));
  return longest < 256 ? "none" : longest < 512 ? "sentence" : "head";
}

/** The tensors of all steps, or of one. Leading axes: batch and heads of keys, as far as the loop leaves them. */
interface Operands {
  readonly query: Tensor; // [..., shared, time, size]
  readonly key: Tensor; // [..., 1, keys, size]
  readonly value: Tensor; // [..., 1, keys, size]
  readonly mask: Tensor | undefined; // bool [..., 1, 1, keys]
  readonly segments: Tensor | undefined; // int32 [..., 1, time]
  readonly dropout: DropoutDraw | undefined;
  readonly causal: boolean;
  /** Shape of the queries by groups of heads that share keys: [batch, groups, shared, time, size]. */
  readonly grouped: Tensor["shape"];
}

function operands(query: Tensor, key: Tensor, value: Tensor, options: AttentionOptions, loop: AttentionLoop): Operands {
  const [batch = 1, heads = 1, time = 1, size = 1] = query.shape;
  const [groups = 1, keys = 1] = key.shape.slice(1);
  const grouped = [batch, groups, Number(heads) / Number(groups), time, size];
  const { mask, segments, dropout } = options;
  const spread = (tensor: Tensor): Tensor => loopAxis(
    loop === "head" ? tensor.broadcastTo([batch, groups, ...tensor.shape.slice(2)]) : tensor, loop);
  return {
    query: loopAxis(query.reshape(grouped), loop), key: loopAxis(key.expandDims(2), loop), value: loopAxis(value.expandDims(2), loop),
    mask: mask && spread(mask.reshape([batch, 1, 1, 1, keys])), segments: segments && spread(segments.reshape([batch, 1, 1, time])),
    dropout: dropout && { ...dropout, seed: seedsOf(dropout.seed, loop, batch, groups) },
    causal: options.causal ?? false, grouped,
  };
}

/** Merges the axes that the loop goes along into one. */
function loopAxis(tensor: Tensor, loop: AttentionLoop): Tensor {
  return loop === "head" ? tensor.reshape([multiplyDims(tensor.dim(0), tensor.dim(1)), ...tensor.shape.slice(2)]) : tensor;
}

/** Distance between the seeds of two steps: odd, so that no two coincide, and far, so that no other step's is near. */
const SEED_STRIDE = 0x2545f491;

function seedsOf(seed: Tensor, loop: AttentionLoop, batch: Dim, groups: Dim): Tensor {
  if (loop === "none") return seed;
  return iota([loop === "head" ? multiplyDims(batch, groups) : batch]).multiply(SEED_STRIDE).add(seed);
}

/** Runs a pass step by step along the loop's axis, or once on everything. */
function each(
  loop: AttentionLoop, all: Operands, extra: readonly Tensor[], pass: (step: Operands, extra: readonly Tensor[]) => readonly Tensor[],
): readonly Tensor[] {
  if (loop === "none") return pass(all, extra);
  const optional = [all.mask, all.segments, all.dropout?.seed].filter((tensor) => tensor !== undefined);
  return scan([], [all.query, all.key, all.value, ...optional, ...extra], (_carries, slices) => {
    let at = 0;
    const next = (): Tensor => slices[at++] ?? all.query;
    const step: Operands = {
      ...all, query: next(), key: next(), value: next(), mask: all.mask && next(), segments: all.segments && next(),
      dropout: all.dropout && { ...all.dropout, seed: next() },
    };
    return { carries: [], outputs: pass(step, slices.slice(at)) };
  }).outputs;
}

/** Queries from `start` to `end`, and the first keys, all that they may see. */
interface Block {
  readonly start: number;
  readonly end: Dim;
  readonly keys: Dim;
}

/** Blocks of causal attention: small enough to skip much above the diagonal, large enough for fast products. */
function blocksOf({ query, key, causal }: Operands): Block[] {
  const [time, keys] = [query.dim(-2), key.dim(-2)];
  if (!causal || typeof time !== "number" || time !== keys || time < 128) return [{ start: 0, end: time, keys }];
  const size = time <= 256 ? 64 : 128;
  return Array.from({ length: Math.ceil(time / size) }, (_, at) => {
    const end = Math.min(time, (at + 1) * size);
    return { start: at * size, end, keys: end };
  });
}

/** [..., shared, time, size] */
function forwards(step: Operands): Tensor {
  return concat(blocksOf(step).map((block) => {
    const dropped = dropout(step, block);
    return dropped(weightsOf(step, block)).matmul(part(step.value, 0, block.keys));
  }), -2);
}

/**
 * Derivatives by query, key and value, of weights P and dropped-out weights P̃, Y = P̃ V:
 *
 *     dV = P̃ᵀ dY,   dP = dropout(dY Vᵀ),   dS = P (dP − rowsum(dY Y)),   dQ = dS K / √size,   dK = dSᵀ Q / √size
 */
function backwards(step: Operands, output: Tensor, dOutput: Tensor): [Tensor, Tensor, Tensor] {
  const scale = scaleOf(step);
  const along = dOutput.multiply(output).sum(-1, true); // [..., shared, time, 1]
  const byQuery: Tensor[] = [];
  let [byKey, byValue]: (Tensor | undefined)[] = [];
  for (const block of blocksOf(step)) {
    const [query, dy] = [part(step.query, block.start, block.end).multiply(scale), part(dOutput, block.start, block.end)];
    const [key, value] = [part(step.key, 0, block.keys), part(step.value, 0, block.keys)];
    const weights = weightsOf(step, block);
    const dropped = dropout(step, block);
    const byWeights = dropped(dy.matmul(value.transpose()));
    const slopes = byWeights.subtract(part(along, block.start, block.end)).multiply(weights); // [..., block, keys]
    const seen = seenBy(step, block); // a query that sees nothing has weights all the same
    const byScores = seen === undefined ? slopes : where(seen, slopes, 0);
    byQuery.push(byScores.matmul(key).multiply(scale));
    byKey = addRows(byKey, sumTo(byScores.transpose().matmul(query), key.shape));
    byValue = addRows(byValue, sumTo(dropped(weights).transpose().matmul(dy), value.shape));
  }
  if (byKey === undefined || byValue === undefined) throw new Error("Attention has at least one block.");
  return [concat(byQuery, -2), byKey, byValue];
}

/** Attention probabilities of a block: [..., shared, block, keys]. */
function weightsOf(step: Operands, block: Block): Tensor {
  const query = part(step.query, block.start, block.end).multiply(scaleOf(step));
  const scores = query.matmul(part(step.key, 0, block.keys).transpose());
  const seen = seenBy(step, block);
  if (seen !== undefined) return softmax(where(seen, scores, MASKED_SCORE));
  // Causality alone leaves no query without keys, so a sum will do, which is faster than a choice.
  return softmax(step.causal ? scores.add(where(order(block), 0, MASKED_SCORE)) : scores);
}

/** bool, broadcast with [..., shared, block, keys]: which keys each query sees; `undefined` where that is a matter of order alone. */
function seenBy({ causal, mask, segments }: Operands, block: Block): Tensor | undefined {
  if (mask === undefined && segments === undefined) return undefined;
  const own = segments && part(segments, block.start, block.end, -1).expandDims(-1).equal(part(segments, 0, block.keys, -1).expandDims(-2));
  const conditions = [causal ? order(block) : undefined, mask && part(mask, 0, block.keys, -1), own];
  return conditions.filter((condition) => condition !== undefined).reduce((all, condition) => all.and(condition));
}

/** bool [block, keys]: which keys do not come after a query. */
function order({ start, end, keys }: Block): Tensor {
  return iota([1, keys], 1).lessEqual(iota([subtractDims(end, start), 1], 0).add(start));
}

/** What dropout does to a block's weights, or to their derivatives: the same each time it is asked for. */
function dropout(step: Operands, block: Block): (weights: Tensor) => Tensor {
  const draw = step.dropout;
  if (draw === undefined) return (weights) => weights;
  return (weights) => where(
    randomUniform(weights.shape, draw.seed, (draw.stream + block.start) | 0).less(Math.fround(draw.rate)), 0, weights.multiply(1 / (1 - draw.rate)));
}

function scaleOf({ query }: Operands): number {
  return 1 / Math.sqrt(Number(query.dim(-1)));
}

/** Rows from `start` to `end`: all of them without an operation. */
function part(tensor: Tensor, start: number, end: Dim, axis = -2): Tensor {
  return start === 0 && end === tensor.dim(axis) ? tensor : tensor.slice(axis, start, end);
}

/** Adds rows to the sum of shorter blocks before. */
function addRows(sum: Tensor | undefined, rows: Tensor): Tensor {
  if (sum === undefined) return rows;
  const known = sum.dim(-2);
  if (known === rows.dim(-2)) return sum.add(rows);
  const [first, rest] = rows.split([known, Number(rows.dim(-2)) - Number(known)], -2);
  return first && rest ? concat([sum.add(first), rest], -2) : rows;
}
