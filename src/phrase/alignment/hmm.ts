import { accumulate } from "../arrays.ts";
import type { SentencePairs } from "../words/sentence-pairs.ts";
import { EMPTY, type Alignment, type AlignmentModel } from "./alignment-model.ts";
import { JumpWidths } from "./jump-widths.ts";
import type { TranslationTable } from "./translation-table.ts";

/** p₀: how likely a target word has no source (Och and Ney 2003, section 2.1.1). */
const EMPTY_PROBABILITY = 0.2;

/**
 * The hidden Markov model of alignment: p(f, a | e) = Π_j p(a_j | a_{j−1}, I) t(f_j | e_{a_j}), the place of a word's source
 * depending on its predecessor's by the width of the jump (Vogel, Ney and Tillmann 1996, equations 7 to 9). The empty
 * word remembers the place before it, as in Och and Ney 2003, section 2.1.1, so that the states of a place and of
 * the empty word after it go on alike; the first place is uniform.
 */
export class HmmAlignment implements AlignmentModel {
  readonly name = "hmm";
  readonly #jumps = new JumpWidths();
  #cells = new Int32Array(0);

  constructor(readonly sentences: SentencePairs, readonly table: TranslationTable) {}

  iterate(): number {
    let logLikelihood = 0;
    this.sentences.source.forEach((source, at) => {
      const target = this.sentences.target[at] ?? new Int32Array();
      this.#cells = this.table.cellsOf(source, target, this.#cells);
      logLikelihood += this.#expect(source.length, target.length, this.#cells);
    });
    this.table.maximise();
    this.#jumps.maximise();
    return logLikelihood;
  }

  /** Forward and backward through one sentence pair; adds its expected counts and gives its log-likelihood. */
  #expect(length: number, targetLength: number, cells: Int32Array): number {
    const jumps = this.#jumps.of(length);
    const emissions = Float64Array.from({ length: targetLength * (length + 1) }, (_, at) => this.table.probabilities[cells[at] ?? 0] ?? 0);
    const pass = forward(length, targetLength, emissions, jumps);
    this.#countBackward(length, targetLength, { cells, emissions, ...jumps, ...pass });
    return pass.evidence.reduce((sum, each) => sum + Math.log(each), 0);
  }

  #countBackward(length: number, targetLength: number, { cells, emissions, weights, scales, real, empty, evidence }: Lattice): void {
    const { counts } = this.table;
    const jumpCounts = new Float64Array(2 * length - 1);
    const departures = new Float64Array(length);
    const arrival = new Float64Array(length);
    let later = new Float64Array(length).fill(1);
    let earlier = new Float64Array(length);
    for (let j = targetLength - 1; j >= 0; j--) {
      const [row, states] = [j * (length + 1), j * length];
      const scale = 1 / (evidence[j] ?? 1);
      for (let i = 0; i < length; i++) {
        const onward = later[i] ?? 0;
        accumulate(counts, cells[row + i] ?? 0, (real[states + i] ?? 0) * onward);
        accumulate(counts, cells[row + length] ?? 0, (empty[states + i] ?? 0) * onward);
        arrival[i] = (1 - EMPTY_PROBABILITY) * (emissions[row + i] ?? 0) * onward * scale;
      }
      if (j === 0) break;
      const staying = EMPTY_PROBABILITY * (emissions[row + length] ?? 0) * scale;
      for (let from = 0; from < length; from++) {
        const before = states - length + from;
        const leaving = ((real[before] ?? 0) + (empty[before] ?? 0)) * (scales[from] ?? 0);
        let sum = 0;
        for (let i = 0, jump = length - 1 - from; i < length; i++, jump++) {
          const onward = (weights[jump] ?? 0) * (arrival[i] ?? 0);
          sum += onward;
          jumpCounts[jump] = (jumpCounts[jump] ?? 0) + leaving * onward;
        }
        accumulate(departures, from, leaving * sum);
        earlier[from] = sum * (scales[from] ?? 0) + staying * (later[from] ?? 0);
      }
      [later, earlier] = [earlier, later];
    }
    this.#jumps.count(length, jumpCounts, departures);
  }

  /** Viterbi's algorithm. */
  align(source: Int32Array, target: Int32Array): Alignment {
    const cells = this.table.cellsOf(source, target);
    const length = source.length;
    const { weights, scales } = this.#jumps.of(length);
    const emission = (j: number, i: number): number => Math.max(this.table.probabilities[cells[j * (length + 1) + i] ?? -1] ?? 0, 1e-12);
    // Log-probability of the best way to a place, or to the empty word after it, and the place before it.
    let best = new Float64Array(length).fill(0);
    const cameFrom = new Int32Array(target.length * length);
    const isEmpty = new Uint8Array(target.length * length);
    for (let j = 0; j < target.length; j++) {
      const next = new Float64Array(length);
      for (let i = 0; i < length; i++) {
        let [arriving, place] = [j === 0 ? Math.log(1 / length) : -Infinity, i];
        for (let from = 0; j > 0 && from < length; from++) {
          const way = (best[from] ?? 0) + Math.log((scales[from] ?? 0) * (weights[i - from + length - 1] ?? 0));
          if (way > arriving) [arriving, place] = [way, from];
        }
        const here = arriving + Math.log((1 - EMPTY_PROBABILITY) * emission(j, i));
        const nowhere = (j === 0 ? Math.log(1 / length) : best[i] ?? 0) + Math.log(EMPTY_PROBABILITY * emission(j, length));
        next[i] = Math.max(here, nowhere);
        cameFrom[j * length + i] = nowhere > here ? i : place;
        isEmpty[j * length + i] = nowhere > here ? 1 : 0;
      }
      best = next;
    }
    const alignment = new Int32Array(target.length);
    let place = best.reduce((argmax, value, i) => (value > (best[argmax] ?? -Infinity) ? i : argmax), 0);
    for (let j = target.length - 1; j >= 0; j--) {
      alignment[j] = isEmpty[j * length + place] === 1 ? EMPTY : place;
      place = cameFrom[j * length + place] ?? 0;
    }
    return alignment;
  }
}

type Jumps = ReturnType<JumpWidths["of"]>;

/** What the forward pass finds: [target words, source words] and, last, [target words]. */
interface Forward {
  /** Probability of being at a place, given the target words up to here. */
  readonly real: Float64Array;
  /** The same of the empty word after that place. */
  readonly empty: Float64Array;
  /** Probability of each target word, given those before it. */
  readonly evidence: Float64Array;
}

interface Lattice extends Forward, Jumps {
  readonly cells: Int32Array;
  /** t(f_j | e_i), [target words, source words + 1]. */
  readonly emissions: Float64Array;
}

function forward(length: number, targetLength: number, emissions: Float64Array, { weights, scales }: Jumps): Forward {
  const real = new Float64Array(targetLength * length);
  const empty = new Float64Array(targetLength * length);
  const evidence = new Float64Array(targetLength);
  const before = new Float64Array(length).fill(1 / length);
  const leaving = new Float64Array(length);
  for (let j = 0; j < targetLength; j++) {
    const [row, states] = [j * (length + 1), j * length];
    const nowhere = EMPTY_PROBABILITY * (emissions[row + length] ?? 0);
    let total = 0;
    for (let i = 0; i < length; i++) {
      let arriving = j === 0 ? 1 / length : 0;
      for (let from = 0, jump = i + length - 1; j > 0 && from < length; from++, jump--) arriving += (leaving[from] ?? 0) * (weights[jump] ?? 0);
      const here = (1 - EMPTY_PROBABILITY) * arriving * (emissions[row + i] ?? 0);
      real[states + i] = here;
      empty[states + i] = nowhere * (before[i] ?? 0);
      total += here + nowhere * (before[i] ?? 0);
    }
    evidence[j] = total;
    for (let i = 0, at = states; i < length; i++, at++) {
      real[at] = (real[at] ?? 0) / total;
      empty[at] = (empty[at] ?? 0) / total;
      before[i] = (real[at] ?? 0) + (empty[at] ?? 0);
      leaving[i] = (before[i] ?? 0) * (scales[i] ?? 0);
    }
  }
  return { real, empty, evidence };
}
