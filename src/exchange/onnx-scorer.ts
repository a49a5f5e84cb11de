import type { Distribution, LikeliestTokens, NewTokens, TokenScorer } from "../decode/language/token-scorer.ts";
import type { NumericArray } from "../engines/engine.ts";
import { logNormalizer } from "./log-normalizer.ts";
import type { OnnxDecoder } from "./onnx-decoder.ts";
import { OnnxMemory } from "./onnx-memory.ts";

/**
 * An exported decoder as the generator's model.
 *
 *     const generator = Generator.over(new OnnxScorer(await openOnnxDecoder(bytes, model.options)), { tokenizer, ends });
 */
export class OnnxScorer implements TokenScorer<OnnxMemory> {
  readonly rewinds = true;

  constructor(private readonly decoder: OnnxDecoder) {}

  get vocabulary(): number {
    return this.decoder.shape.vocabulary;
  }

  get context(): number {
    return this.decoder.shape.context;
  }

  remember(rows: number): OnnxMemory {
    return new OnnxMemory(new Int32Array(rows));
  }

  async best(memory: OnnxMemory, input: NewTokens, count: number): Promise<LikeliestTokens> {
    const { logProbabilities } = await this.distribution(memory, input);
    const size = Math.min(count, this.vocabulary);
    const tokens = new Int32Array(memory.rows * size);
    const values = new Float32Array(memory.rows * size);
    for (let row = 0; row < memory.rows; row++) {
      const scores = logProbabilities.data.subarray(row * this.vocabulary, (row + 1) * this.vocabulary);
      const best = likeliest(scores, size);
      tokens.set(best, row * size);
      values.set(best.map((token) => scores[token] ?? NaN), row * size);
    }
    const shape = [memory.rows, size];
    return { values: { data: values, shape }, tokens: { data: tokens, shape } };
  }

  async distribution(memory: OnnxMemory, input: NewTokens): Promise<Distribution> {
    const { logits, time } = await this.#read(memory, input);
    const { rows } = memory;
    const normalizers = new Float32Array(rows);
    const values = new Float32Array(rows * this.vocabulary);
    for (let row = 0; row < rows; row++) {
      // Padding stands before the text, so every row's last token is in the last place.
      const last = this.#at(logits, (row + 1) * time - 1);
      const normalizer = logNormalizer(last);
      normalizers[row] = normalizer;
      values.set(last.map((logit) => logit - normalizer), row * this.vocabulary);
    }
    return { logProbabilities: { data: values, shape: [rows, this.vocabulary] }, normalizers: { data: normalizers, shape: [rows] } };
  }

  async distributions(memory: OnnxMemory, input: NewTokens): Promise<NumericArray> {
    const { logits, time, counts } = await this.#read(memory, input);
    const values = new Float32Array(logits.length);
    counts.forEach((count, row) => {
      for (let place = 0; place < count; place++) {
        const scores = this.#at(logits, (row + 1) * time - count + place);
        const normalizer = logNormalizer(scores);
        values.set(scores.map((logit) => logit - normalizer), (row * time + place) * this.vocabulary);
      }
    });
    return { data: values, shape: [memory.rows, time, this.vocabulary] };
  }

  async dispose(): Promise<void> {
    await this.decoder.close();
  }

  /** Logits [rows, time, vocabulary] of tokens that stand behind their padding. */
  async #read(memory: OnnxMemory, { tokens, counts: given }: NewTokens): Promise<{ logits: Float32Array; time: number; counts: Int32Array }> {
    const { rows, lengths, past } = memory;
    const time = tokens.length / rows;
    const counts = given ?? new Int32Array(rows).fill(time);
    if (past !== undefined && counts.some((count) => count !== time)) throw new Error("Rows that remember something read equally many tokens at once.");
    const behindPadding = Array.from(counts, (count, row) => (
      [...new Array<number>(time - count).fill(0), ...tokens.subarray(row * time, row * time + count)]));
    const after = Array.from(counts, (count, row) => (lengths[row] ?? 0) + count);
    const longest = Math.max(...after);
    const { logits, present } = await this.decoder.read(behindPadding, past, after.map((length) => longest - length));
    memory.advance(present, counts);
    return { logits, time, counts };
  }

  #at(logits: Float32Array, place: number): Float32Array {
    return logits.subarray(place * this.vocabulary, (place + 1) * this.vocabulary);
  }
}

/** The places of the largest scores, the largest first; of equal ones the first. */
function likeliest(scores: NumericArray["data"], count: number): number[] {
  const least = Float64Array.from(scores).sort().at(-count) ?? NaN;
  const places: number[] = [];
  scores.forEach((score, place) => { if (!(score < least)) places.push(place); });
  return places.sort((a, b) => (scores[b] ?? NaN) - (scores[a] ?? NaN) || a - b).slice(0, count);
}
