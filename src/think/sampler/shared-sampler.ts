import type { SampledPrompt, SampleOptions, SamplePrompt, Sampler } from "./sampler.ts";

interface Request {
  readonly worker: symbol;
  readonly prompt: SamplePrompt;
  readonly options: SampleOptions;
  readonly resolve: (sampled: SampledPrompt) => void;
  readonly reject: (reason: unknown) => void;
}

/** Draws samples of one prompt. */
export type DrawSamples = (prompt: SamplePrompt, options: SampleOptions) => Promise<SampledPrompt>;

/**
 * One sampler for problems that are worked on at the same time: what they ask for is held back until each of them waits,
 * and then drawn together, so that every strategy is batched over problems without knowing of them. Where each prompt is a
 * call of its own, nothing is held back, and a call that fails is that of one problem.
 */
export class SharedSampler {
  readonly #working = new Set<symbol>();
  #waiting: Request[] = [];
  #scheduled = false;

  constructor(private readonly sampler: Sampler) {}

  /** Does a piece of work that draws through this sampler. */
  async work<T>(piece: (draw: DrawSamples) => Promise<T>): Promise<T> {
    const worker = Symbol("worker");
    this.#working.add(worker);
    try {
      return await piece((prompt, options) => new Promise((resolve, reject) => {
        const request: Request = { worker, prompt, options, resolve, reject };
        if (this.sampler.concurrency !== undefined) return void this.#draw([request]);
        this.#waiting.push(request);
        this.#schedule();
      }));
    } finally {
      this.#working.delete(worker);
      this.#schedule();
    }
  }

  /** Looks once all that can go on has gone on. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      const waiting = new Set(this.#waiting.map(({ worker }) => worker));
      if (waiting.size === 0 || waiting.size < this.#working.size) return;
      const requests = this.#waiting;
      this.#waiting = [];
      void this.#draw(requests);
    });
  }

  async #draw(requests: readonly Request[]): Promise<void> {
    for (const { options, members } of groupsOf(requests)) {
      try {
        const sampled = await this.sampler.generate(members.map(({ prompt, options: { samples, maxTokens } }) => ({ ...prompt, samples, maxTokens })), options);
        members.forEach(({ resolve, reject }, at) => {
          const own = sampled[at];
          if (own === undefined) reject(new Error(`${this.sampler.name} gave no samples for prompt ${at + 1}.`));
          else resolve(own);
        });
      } catch (error) {
        members.forEach(({ reject }) => reject(error));
      }
    }
  }
}

/** Requests can be drawn in one batch, however many samples each wants and however long they may be, if their other options are equal. */
function groupsOf(requests: readonly Request[]): { readonly options: SampleOptions; readonly members: Request[] }[] {
  const groups = new Map<string, { options: SampleOptions; members: Request[] }>();
  for (const request of requests) {
    const { temperature, stop, seed } = request.options;
    const key = JSON.stringify([temperature, stop, seed]);
    const group = groups.get(key) ?? { options: request.options, members: [] };
    group.members.push(request);
    groups.set(key, group);
  }
  return [...groups.values()];
}
