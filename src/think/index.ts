/** Tasks with verifiers, and ways of spending compute on them when a model is used. */
export { ThinkError } from "./think-error.ts";
export { openTask, taskKinds, type TaskKind } from "./tasks/open-task.ts";
export type { Problem, ProblemChoice, Split, StepRule, Task } from "./tasks/task.ts";
export { trainingTexts, type TrainingText } from "./tasks/training-text.ts";
export { RunSampler } from "./sampler/run-sampler.ts";
export type { Sample, SampledPrompt, SampleOptions, SamplePrompt, Sampler, Usage } from "./sampler/sampler.ts";
export { Account, parseBudget, type Budget, type BudgetUnit } from "./strategies/budget.ts";
export { strategies, type StrategyName } from "./strategies/strategies.ts";
export type { Attempt, Outcome, Strategy, StrategySettings, Workplace } from "./strategies/strategy.ts";
export { think, type SolvedProblem, type ThinkOptions, type ThinkReport, type Thought } from "./think.ts";
export { Verifier, type Verdict } from "./verify/verdict.ts";
