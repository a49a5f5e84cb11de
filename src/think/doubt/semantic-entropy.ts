/** Semantic entropy (Farquhar et al. 2024, "Detecting hallucinations in large language models using semantic entropy"). */
import { countsOf, entropyOf } from "../curves/votes-at-k.ts";

/** What one answer says of another. */
export type Relation = "entails" | "neutral" | "contradicts";

/** A user's own judgement of two answers. */
export type Compare = (answer: string, other: string) => Relation | Promise<Relation>;

/** `strict`: two answers are one if each entails the other. `default`: if none contradicts the other and not both are neutral. */
export type EquivalenceRule = "strict" | "default";

/** Answers that mean the same if they are equal. */
export const sameMeaning: Compare = (answer, other) => (answer === other ? "entails" : "contradicts");

/** The number of each answer's cluster, from 0: an answer joins the first cluster whose first answer it is equivalent to. */
export async function clusterAnswers(answers: readonly string[], compare: Compare, rule: EquivalenceRule = "default"): Promise<number[]> {
  const first: string[] = [];
  const clusters: number[] = [];
  for (const answer of answers) {
    let cluster = 0;
    for (; cluster < first.length; cluster++) {
      const other = first[cluster] ?? "";
      if (isOne(await compare(other, answer), await compare(answer, other), rule)) break;
    }
    if (cluster === first.length) first.push(answer);
    clusters.push(cluster);
  }
  return clusters;
}

function isOne(forth: Relation, back: Relation, rule: EquivalenceRule): boolean {
  if (rule === "strict") return forth === "entails" && back === "entails";
  return forth !== "contradicts" && back !== "contradicts" && !(forth === "neutral" && back === "neutral");
}

/** Of the clusters' shares of the samples, nats: 1.0397 of [0, 1, 2, 1]. @throws RangeError without samples */
export function semanticEntropy(clusters: readonly number[]): number {
  requireSamples(clusters);
  return entropyOf(countsOf(clusters).values());
}

/**
 * Of the clusters' shares of the samples' probability, nats; `logLikelihoods` are per token on average, so that long
 * answers count as much as short ones (the Rao-Blackwellised estimate).
 *
 * @throws RangeError without samples, or where the lists differ in length
 */
export function weightedSemanticEntropy(clusters: readonly number[], logLikelihoods: readonly number[]): number {
  requireSamples(clusters);
  if (clusters.length !== logLikelihoods.length) throw new RangeError(`${clusters.length} clusters and ${logLikelihoods.length} likelihoods were given; each sample has one of both.`);
  const most = Math.max(...logLikelihoods);
  const weights = new Map<number, number>();
  clusters.forEach((cluster, at) => weights.set(cluster, (weights.get(cluster) ?? 0) + Math.exp((logLikelihoods[at] ?? NaN) - most)));
  return entropyOf(weights.values());
}

function requireSamples(clusters: readonly number[]): void {
  if (clusters.length === 0) throw new RangeError("Semantic entropy needs at least one sample.");
}
