/** What k draws are worth, estimated without bias from n ≥ k draws of each problem. */

/**
 * The probability that at least one of k draws is right, where `correct` of `drawn` were: 1 − C(n − c, k)/C(n, k), as a
 * product so that nothing overflows (Chen et al. 2021, equation 1).
 *
 * @throws RangeError where k is not from 1 to the number of draws, or more are right than were drawn
 */
export function passAtK(drawn: number, correct: number, k: number): number {
  checkDraws(drawn, k);
  if (!(correct >= 0 && correct <= drawn)) throw new RangeError(`${correct} of ${drawn} draws are said to be right; at most all can be.`);
  return 1 - shareOfSubsets(drawn - correct, drawn, k);
}

/** A draw that is one of several from which the best is chosen. */
export interface ScoredDraw {
  readonly score: number;
  readonly correct: boolean;
}

/**
 * The probability that the best-scored of k draws is right; of draws with one score each is as likely to be chosen.
 *
 * @throws RangeError where k is not from 1 to the number of draws
 */
export function bestOfK(draws: readonly ScoredDraw[], k: number): number {
  checkDraws(draws.length, k);
  const scores = [...new Set(draws.map(({ score }) => score))].sort((a, b) => b - a);
  let [better, sum] = [0, 0];
  for (const score of scores) {
    const level = draws.filter((draw) => draw.score === score);
    // No better one is among the k, but one of these is.
    const chosen = shareOfSubsets(draws.length - better, draws.length, k) - shareOfSubsets(draws.length - better - level.length, draws.length, k);
    sum += (chosen * level.filter(({ correct }) => correct).length) / level.length;
    better += level.length;
  }
  return sum;
}

/** @throws RangeError where there are too few draws */
export function checkDraws(drawn: number, k: number): void {
  if (!(Number.isInteger(k) && k >= 1 && k <= drawn)) throw new RangeError(`k is ${k}, but ${drawn} draws tell of 1 to ${drawn}; draw more.`);
}

/** C(some, k)/C(all, k): the share of subsets of k of all that lie within some of them. */
function shareOfSubsets(some: number, all: number, k: number): number {
  if (some < k) return 0;
  let share = 1;
  for (let place = 0; place < k; place++) share *= (some - place) / (all - place);
  return share;
}
