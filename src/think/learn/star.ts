import type { Sampler } from "../sampler/sampler.ts";
import type { Problem, Task } from "../tasks/task.ts";
import type { TrainingText } from "../tasks/training-text.ts";
import { Verifier } from "../verify/verdict.ts";

/** Problems whose attempts are drawn together. */
const AT_ONCE = 64;

export interface StarOptions {
  /** Attempts at each problem. */
  readonly samples: number;
  readonly temperature: number;
  /** The most tokens of an attempt; by default as many as the task's answers take. */
  readonly maxTokens?: number | undefined;
  readonly seed: number;
  /** Whether a problem that no attempt solves is given with its worked solution. */
  readonly rationalize: boolean;
  /** Told of each problem's solutions when they are known. */
  readonly onSolutions: (texts: readonly TrainingText[], done: number) => void | Promise<void>;
}

export interface StarReport {
  readonly problems: number;
  readonly attempts: number;
  /** Attempts that ended by themselves with a right answer. */
  readonly correct: number;
  /** Problems with at least one of them. */
  readonly solved: number;
  /** Different ones among those of each problem. */
  readonly solutions: number;
  /** Problems with their worked solution in place of one. */
  readonly rationalized: number;
}

/**
 * Solutions that a model finds by itself, to learn from (Zelikman et al. 2022): of its attempts at each problem, the
 * different ones that the verifier accepts. In place of rationalisation there, which shows a model the answer and lets it
 * find the way, problems that are never solved may be given with their worked solution.
 */
export async function star(task: Task, problems: readonly Problem[], sampler: Sampler, options: StarOptions): Promise<StarReport> {
  const { samples, temperature, maxTokens = task.length + 1, seed, rationalize, onSolutions } = options;
  const verifier = new Verifier(task);
  const report = { problems: problems.length, attempts: 0, correct: 0, solved: 0, solutions: 0, rationalized: 0 };
  for (let first = 0; first < problems.length; first += AT_ONCE) {
    const part = problems.slice(first, first + AT_ONCE);
    const prompts = part.map(({ prompt }, at) => ({ prompt, instruction: task.instruction, stream: first + at }));
    const drawn = await sampler.generate(prompts, { samples, temperature, maxTokens, seed });
    for (const [at, problem] of part.entries()) {
      const attempts = drawn[at]?.samples ?? [];
      const accepted: string[] = [];
      for (const { text, reason } of attempts) {
        const ended = reason === "end" || reason === "stop";
        if (ended && (await verifier.judge(problem, text)).correct) accepted.push(text);
      }
      const different = [...new Set(accepted)];
      const given = different.length === 0 && rationalize ? [task.solution(problem)] : [];
      report.attempts += attempts.length;
      report.correct += accepted.length;
      report.solved += Number(different.length > 0);
      report.solutions += different.length;
      report.rationalized += given.length;
      await onSolutions([...different, ...given].map((solution) => ({ text: problem.prompt + solution, prompt: problem.prompt, solution })), first + at + 1);
    }
  }
  return report;
}
