/** Of the standard normal distribution: 95% lie within. */
const Z = 1.959963984540054;

/**
 * The 95% confidence interval of a share that was observed in independent trials (Wilson 1927). Unlike the bootstrap's it
 * does not vanish where all trials agree.
 *
 * @throws RangeError where there is no trial, or more successes than trials
 */
export function wilsonInterval(successes: number, trials: number): { readonly lower: number; readonly upper: number } {
  if (!(trials > 0) || !(successes >= 0) || successes > trials) {
    throw new RangeError(`${successes} successes in ${trials} trials were given; the trials must be 1 or more, the successes among them.`);
  }
  const share = successes / trials;
  const center = share + (Z * Z) / (2 * trials);
  const half = Z * Math.sqrt((share * (1 - share)) / trials + (Z / (2 * trials)) ** 2);
  const scale = 1 + (Z * Z) / trials;
  // Where all trials agree, center and half are equal but for rounding.
  return { lower: successes === 0 ? 0 : (center - half) / scale, upper: successes === trials ? 1 : (center + half) / scale };
}
