import { storeParameters } from "../../decode/store-parameters.ts";
import type { Engine, Executable } from "../../engines/engine.ts";
import { dimensionValue, type Dim } from "../../graph/dimension.ts";
import { flops } from "../../graph/flops.ts";
import { int32 } from "../../graph/program.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { batchesByLength } from "../../train/translator/translator-batches.ts";
import type { Usage } from "../sampler/sampler.ts";
import { encodeAttempt, type AttemptForm, type EncodedAttempt } from "./encoded-attempt.ts";
import type { RewardModel } from "./reward-model.ts";

/** Attempts that are read at once, fewer where they are long. */
const BATCH = 128;

export interface ScoredAttempt {
  /** The probability that it is right so far, at the end of each step. */
  readonly scores: readonly number[];
  readonly usage: Pick<Usage, "flops" | "seconds">;
}

interface Waiting {
  readonly attempt: EncodedAttempt;
  readonly resolve: (scored: ScoredAttempt) => void;
  readonly reject: (reason: unknown) => void;
}

type Program = Executable<{ tokens: ReturnType<typeof int32> }, { logOdds: Tensor }>;

/**
 * A reward model in use. Attempts whose scores are asked for at the same time, of one problem or of many, are read in
 * batches.
 */
export class RewardScorer {
  #waiting: Waiting[] = [];
  #scheduled = false;
  /** The batches that went before. */
  #earlier: Promise<void> = Promise.resolve();

  private constructor(private readonly program: Program, private readonly cost: Dim, readonly form: AttemptForm) {}

  /** @throws Error where a parameter lacks its value */
  static async create(model: RewardModel, parameters: ReadonlyMap<string, Float32Array>, form: AttemptForm, engine: Engine): Promise<RewardScorer> {
    const state = engine.createState();
    storeParameters(state, model, parameters);
    let cost: Dim = 0;
    const program = await engine.compile({ tokens: int32("rows", "time") }, ({ tokens }) => {
      const logOdds = model.logOdds(tokens); // [rows, time]
      cost = flops([logOdds]);
      return { logOdds };
    }, { state, frozen: true });
    return new RewardScorer(program, cost, form);
  }

  /** Scores of a whole attempt, or of one that is written so far. @throws ThinkError where it is longer than the model can look at */
  async score(prompt: string, text: string, whole: boolean): Promise<ScoredAttempt> {
    const attempt = encodeAttempt(this.form, prompt, text, whole);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ attempt, resolve, reject });
      this.#schedule();
    });
  }

  /** Of reading so many tokens. */
  flops(tokens: number): number {
    return dimensionValue(this.cost, new Map([["rows", 1], ["time", tokens]]));
  }

  async dispose(): Promise<void> {
    await this.#earlier;
    await this.program.dispose();
  }

  /** Reads once all that can go on has gone on and asked. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#earlier = this.#earlier.then(() => this.#readAll(waiting));
    });
  }

  async #readAll(waiting: readonly Waiting[]): Promise<void> {
    for (const places of batchesByLength(waiting.map(({ attempt }) => attempt.tokens.length), BATCH)) {
      const rows = places.flatMap((place) => waiting[place] ?? []);
      try {
        const scored = await this.#read(rows.map(({ attempt }) => attempt));
        rows.forEach(({ resolve, reject }, row) => {
          const own = scored[row];
          if (own === undefined) reject(new Error(`The reward model gave ${scored.length} scores for ${rows.length} attempts.`));
          else resolve(own);
        });
      } catch (error) {
        rows.forEach(({ reject }) => reject(error));
      }
    }
  }

  async #read(attempts: readonly EncodedAttempt[]): Promise<ScoredAttempt[]> {
    const start = performance.now();
    const time = Math.max(...attempts.map(({ tokens }) => tokens.length));
    const data = new Int32Array(attempts.length * time);
    attempts.forEach(({ tokens }, row) => data.set(tokens, row * time));
    const { logOdds } = await this.program.run({ tokens: { data, shape: [attempts.length, time] } });
    const seconds = (performance.now() - start) / 1000 / attempts.length;
    return attempts.map(({ tokens, ends }, row) => ({
      scores: ends.map((end) => probability(logOdds.data[row * time + end] ?? NaN)),
      usage: { flops: this.flops(tokens.length), seconds },
    }));
  }
}

/** σ of log-odds. */
function probability(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
