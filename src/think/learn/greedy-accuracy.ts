import type { Judgement } from "../../train/step-programs.ts";
import type { Problem } from "../tasks/task.ts";
import type { Explorer } from "./rollout.ts";

/** Prompts that are read at once. */
const ROWS = 256;

/** The share of problems whose likeliest answer is right, `validationAccuracy`; the loss counts those that are wrong. */
export async function greedyAccuracy({ generator, verifier, maxTokens }: Explorer, problems: readonly Problem[]): Promise<Judgement> {
  const texts = await generator.generate(problems.map(({ prompt }) => prompt), { greedy: true, maxTokens, batch: ROWS });
  const verdicts = await Promise.all(problems.map((problem, at) => verifier.judge(problem, texts[at]?.[0]?.text ?? "")));
  const right = verdicts.filter(({ correct }) => correct).length;
  return { loss: problems.length - right, targetTokens: problems.length, figures: { validationAccuracy: right / problems.length } };
}
