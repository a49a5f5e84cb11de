import { ThinkError } from "../think-error.ts";
import type { Usage } from "../sampler/sampler.ts";

export const budgetUnits = ["tokens", "flops", "seconds"] as const;
export type BudgetUnit = (typeof budgetUnits)[number];

/** What may be spent on one problem: tokens written, floating-point operations, or seconds. */
export interface Budget {
  readonly unit: BudgetUnit;
  readonly amount: number;
}

/** `4096`, `4096tokens`, `2e9flops`, `1.5seconds` */
export function parseBudget(text: string): Budget | undefined {
  const [, number = "", unit = "tokens"] = /^(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-z]*)$/i.exec(text.trim()) ?? [];
  const known = budgetUnits.find((each) => each === (unit === "" ? "tokens" : unit.toLowerCase()));
  const amount = Number(number);
  return known === undefined || !(amount > 0) ? undefined : { unit: known, amount };
}

export function formatBudget({ unit, amount }: Budget): string {
  return `${amount} ${unit === "flops" ? "FLOPs" : unit}`;
}

/** What an attempt may take at most. */
export interface AttemptCost {
  readonly read: number;
  readonly written: number;
}

/** Floating-point operations of what a problem may take; `undefined` where they are not known. */
export interface Prices {
  /** Of reading so many tokens once and writing `samples` times so many after them, as `Sampler.flops` counts them. */
  draws(read: number, written: number, samples: number): number | undefined;
  /** Of what a reward model takes to judge an attempt of so many tokens, prompt included; nothing where there is none. */
  judgement?(tokens: number): number | undefined;
}

/** What one problem has cost, and what is left of its budget. */
export class Account {
  #read = 0;
  #written = 0;
  #flops: number | undefined = 0;
  #seconds = 0;
  /** Of draws that are under way, at their greatest length. */
  #heldTokens = 0;
  #heldFlops = 0;
  /** Of attempts that were drawn and not yet judged. */
  #owedFlops = 0;

  constructor(readonly budget: Budget | undefined, private readonly prices: Prices) {}

  add({ read, written, flops, seconds }: Usage): void {
    this.#read += read;
    this.#written += written;
    this.#flops = flops === undefined || this.#flops === undefined ? undefined : this.#flops + flops;
    this.#seconds += seconds;
  }

  /** Keeps back what a reward model takes for an attempt of so many tokens, prompt included. */
  owe(tokens: number): void {
    this.#owedFlops += this.#judgement(tokens) ?? 0;
  }

  /** Adds what a reward model took, for which something was kept back. */
  payJudgement({ flops, seconds }: Pick<Usage, "flops" | "seconds">): void {
    this.add({ read: 0, written: 0, flops, seconds });
    this.#owedFlops = Math.max(0, this.#owedFlops - (flops ?? 0));
  }

  /** Keeps what draws may take at most from being promised to others, until what they took is added. */
  async holding<T>({ read, written }: AttemptCost, samples: number, draws: () => Promise<T>): Promise<T> {
    const [tokens, flops] = [samples * written, this.#flopsOf(read, written, samples) ?? 0];
    this.#heldTokens += tokens;
    this.#heldFlops += flops;
    try {
      return await draws();
    } finally {
      this.#heldTokens -= tokens;
      this.#heldFlops -= flops;
    }
  }

  get usage(): Usage {
    return { read: this.#read, written: this.#written, flops: this.#flops, seconds: this.#seconds };
  }

  /** How many of `wanted` attempts from one prompt are paid for even if each takes the most that it may. */
  affordable({ read, written }: AttemptCost, wanted: number): number {
    if (this.budget === undefined) return wanted;
    const { unit, amount } = this.budget;
    switch (unit) {
      case "tokens":
        return clamp((amount - this.#written - this.#heldTokens) / written, wanted);
      case "flops": {
        const [one, two] = [this.#needFlops(read, written, 1), this.#needFlops(read, written, 2)];
        const left = amount - (this.#flops ?? 0) - this.#heldFlops - this.#owedFlops;
        return left < one ? 0 : clamp(1 + (left - one) / (two - one), wanted);
      }
      case "seconds":
        return this.#affordableSeconds(written, wanted);
      default:
        return unit satisfies never;
    }
  }

  /** The first attempt may run, since nothing is known of its time; then as many as the speed so far lets finish. */
  #affordableSeconds(written: number, wanted: number): number {
    const left = (this.budget?.amount ?? Infinity) - this.#seconds;
    if (this.#written === 0) return left > 0 ? 1 : 0;
    return clamp(left / ((written * this.#seconds) / this.#written), wanted);
  }

  /** With the judgement of each. */
  #flopsOf(read: number, written: number, samples: number): number | undefined {
    const [draws, judgement] = [this.prices.draws(read, written, samples), this.#judgement(read + written)];
    return draws === undefined || judgement === undefined ? undefined : draws + samples * judgement;
  }

  #judgement(tokens: number): number | undefined {
    return this.prices.judgement === undefined ? 0 : this.prices.judgement(tokens);
  }

  #needFlops(read: number, written: number, samples: number): number {
    const flops = this.#flopsOf(read, written, samples);
    if (flops === undefined) throw new ThinkError("The model's size is not known, so that FLOPs cannot be counted; give a budget in tokens or seconds, or its parameters.");
    return flops;
  }
}

function clamp(count: number, most: number): number {
  return Math.max(0, Math.min(most, Math.floor(count + 1e-9)));
}
