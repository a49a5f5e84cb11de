/** How much text there is and how fast trainings grow, as published. */

/** A figure with the interval that its authors give. */
export interface Estimate {
  readonly low: number;
  readonly central: number;
  readonly high: number;
}

/**
 * Tokens of the indexed web, deduplicated, in 2024; 95% interval.
 *
 * Villalobos et al. 2024, "Will we run out of data? Limits of LLM scaling based on human-generated data", table 1.
 */
export const indexedWeb: Estimate = { low: 130e12, central: 510e12, high: 2100e12 };

/**
 * Which share of deduplicated web text can be trained on "without significantly compromising performance", with 95%
 * certainty. The paper gives the ends; the middle is their geometric mean.
 *
 * Villalobos et al. 2024, section 2.3.1.
 */
export const usableShare: Estimate = { low: 0.1, central: Math.sqrt(0.1 * 0.4), high: 0.4 };

/**
 * Different tokens of human public text fit to train on in 2024: 102 trillion, 95% interval 22 to 482 trillion. Both
 * factors are log-normal, as the paper models them. What repetition adds is for the law to say, so it is not in here.
 */
export const usableStock: Estimate = productOf(indexedWeb, usableShare);

/**
 * The same with the worth of repetition in it, which the paper sets to between 3 and 5 times (section 2.3.2); 90% interval.
 *
 * Epoch AI, June 2024, summary of Villalobos et al. 2024.
 */
export const effectiveStock: Estimate = { low: 100e12, central: 300e12, high: 1000e12 };

/**
 * By what share the stock grows in a year. The paper gives the ends.
 *
 * Villalobos et al. 2024, section 2.2.1.
 */
export const stockGrowth: Estimate = { low: 0, central: 0.05, high: 0.1 };

/**
 * By how many times the compute of the largest trainings grows in a year. The source gives the ends.
 *
 * Sevilla and Roldán 2024, "Training compute of frontier AI models grows by 4-5x per year", Epoch AI.
 */
export const computeGrowth: Estimate = { low: 4, central: 4.5, high: 5 };

/**
 * Floating-point operations of the largest trainings in 2024, those of GPT-4 and Gemini Ultra as estimated.
 *
 * Villalobos et al. 2024, note 18.
 */
export const largestTraining = { year: 2024, compute: 5e25 } as const;

/** The product of two independent log-normal figures whose intervals are of the same level. */
function productOf(first: Estimate, second: Estimate): Estimate {
  const central = first.central * second.central;
  const spread = Math.exp(Math.hypot(Math.log(first.high / first.low), Math.log(second.high / second.low)) / 2);
  return { low: central / spread, central, high: central * spread };
}
