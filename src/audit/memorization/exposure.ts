/**
 * Exposure (Carlini et al. 2019, "The Secret Sharer"): log₂ of how many candidates there are, less log₂ of the canary's
 * rank among them by likelihood. Of as many bits as the secret has where the model finds no candidate likelier.
 */
import type { TextModel } from "../../decode/language/generator.ts";
import type { Engine } from "../../engines/engine.ts";
import { philox } from "../../metrics/counter-random.ts";
import { scoreContinuations } from "../../train/evaluate/score-continuations.ts";
import { AuditError } from "../audit-error.ts";
import { candidateCount, type Canary, type CanaryRecord } from "./canaries.ts";
import { fitSkewNormal, logCumulative } from "./skew-normal.ts";

export interface CanaryExposure extends Canary {
  /** Of its line, nats. */
  readonly logProbability: number;
  readonly candidates: number;
  /** 1 where no candidate is likelier; fractional where it is estimated. */
  readonly rank: number;
  /** Bits. */
  readonly exposure: number;
  /** log₂ of the candidates. */
  readonly fullExposure: number;
  /** Whether no candidate is likelier. */
  readonly found: boolean;
  /** All candidates were scored, or as many as `sampled`, and the rest by a skew normal distribution of their scores. */
  readonly method: "enumeration" | "skew-normal";
  readonly sampled?: number;
}

export interface ExposureOptions {
  /** So many candidates are scored at most; 10,000 by default. */
  readonly most?: number | undefined;
  readonly onProgress?: ((done: number, of: number) => void) | undefined;
}

/** @throws AuditError where the model's tokenizer cannot write a canary, or its context is too short for one */
export async function measureExposure(source: TextModel, { canaries, seed }: CanaryRecord, engine: Engine, { most = 10_000, onProgress }: ExposureOptions = {}): Promise<CanaryExposure[]> {
  const results: CanaryExposure[] = [];
  const counts = canaries.map((canary) => Math.min(candidateCount(canary), most + 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  for (const [at, canary] of canaries.entries()) {
    const before = counts.slice(0, at).reduce((sum, count) => sum + count, 0);
    results.push(await exposureOf(source, canary, seed + at, engine, most, (done) => onProgress?.(before + done, total)));
  }
  return results;
}

async function exposureOf(source: TextModel, canary: Canary, seed: number, engine: Engine, most: number, onProgress: (done: number) => void): Promise<CanaryExposure> {
  const candidates = candidateCount(canary);
  const isEnumerated = candidates <= most;
  const secrets = Array.from({ length: isEnumerated ? candidates : most }, (_, at) => (
    isEnumerated ? String(at).padStart(canary.secret.length, "0") : drawSecret(canary.secret.length, seed, at)));
  const rows = [...secrets, ...(isEnumerated ? [] : [canary.secret])].map((secret) => ({ tokens: tokensOf(source, canary, secret), from: 1 }));
  const scores = await scoreContinuations(source, rows, engine, { batch: 128, onProgress });
  const own = scores[isEnumerated ? Number(canary.secret) : most] ?? NaN;
  const rank = isEnumerated ? 1 + scores.filter((score) => score > own).length : Math.max(1, candidates * await shareLikelier(scores.slice(0, most), own));
  const fullExposure = Math.log2(candidates);
  return {
    ...canary, logProbability: own, candidates, rank, exposure: fullExposure - Math.log2(rank), fullExposure, found: rank === 1,
    ...(isEnumerated ? { method: "enumeration" } : { method: "skew-normal", sampled: most }),
  };
}

/** The probability that a candidate is at least as likely, by a distribution fitted to the losses (section 4.3). */
async function shareLikelier(scores: readonly number[], own: number): Promise<number> {
  return Math.exp(await logCumulative(fitSkewNormal(scores.map((score) => -score)), -own));
}

function drawSecret(digits: number, seed: number, number: number): string {
  return Array.from({ length: digits }, (_, at) => philox(seed, number, at)[0] % 10).join("");
}

/** A canary's line as it stands in the text, after the end of the line before it. */
function tokensOf({ tokenizer, beginning = [], model: { context = Infinity } }: TextModel, { before, after }: Canary, secret: string): Int32Array {
  const line = `\n${before}${secret}${after}\n`;
  const tokens = Int32Array.from([...beginning, ...tokenizer.encode(line)]);
  if (tokenizer.decode(tokens.subarray(beginning.length)) !== line) {
    const lacking = [...new Set(line)].filter((character) => tokenizer.decode(tokenizer.encode(character)) !== character);
    const why = lacking.length === 0 ? "" : `, for it lacks ${lacking.join(" ")}`;
    throw new AuditError(`The model's tokenizer cannot write the canary "${line.trim()}"${why}; train it on text that has the canaries and every digit, or on bytes.`);
  }
  if (tokens.length - 1 > context) throw new AuditError(`The canary "${line.trim()}" has ${tokens.length} tokens, more than the model's context of ${context}; use a shorter format.`);
  return tokens;
}
