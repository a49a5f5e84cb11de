/** log Σ exp(logit), which logits exceed log-probabilities by. */
export function logNormalizer(logits: ArrayLike<number>): number {
  let largest = -Infinity;
  for (let at = 0; at < logits.length; at++) largest = Math.max(largest, logits[at] ?? NaN);
  let sum = 0;
  for (let at = 0; at < logits.length; at++) sum += Math.exp((logits[at] ?? NaN) - largest);
  return largest + Math.log(sum);
}
