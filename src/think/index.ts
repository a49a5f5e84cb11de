/** Tasks with verifiers, ways of spending compute on them when a model is used, and what that is worth. */
export { ThinkError } from "./think-error.ts";
export { openTask, taskKinds, type TaskKind } from "./tasks/open-task.ts";
export type { Problem, ProblemChoice, Split as ProblemSplit, StepRule, Task } from "./tasks/task.ts";
export { trainingTexts, type TrainingText } from "./tasks/training-text.ts";
export { AiSdkSampler, type AiSdkModel, type AiSdkRequest } from "./sampler/ai-sdk-sampler.ts";
export { EndpointSampler, type EndpointOptions } from "./sampler/endpoint-sampler.ts";
export { modelFlops, samplingFlops, type ModelFlops } from "./sampler/model-flops.ts";
export type { RemoteOptions } from "./sampler/remote-calls.ts";
export { RunSampler } from "./sampler/run-sampler.ts";
export type { Sample, SampledPrompt, SampleOptions, SamplePrompt, Sampler, Usage } from "./sampler/sampler.ts";
export { formatBudget, parseBudget, type Budget, type BudgetUnit } from "./strategies/budget.ts";
export type { Reward, Valued } from "./strategies/reward.ts";
export { strategies, type StrategyName } from "./strategies/strategies.ts";
export type { Attempt, Outcome, InstructedPrompt, Strategy, StrategySettings, Workplace } from "./strategies/strategy.ts";
export { think, type SolvedProblem, type ThinkOptions, type ThinkReport, type Thought } from "./think.ts";
export { Verifier, type Verdict, type VerifierFailures, type VerifierOptions } from "./verify/verdict.ts";
export {
  betaCoverage, coverageOfProblem, fitBeta, fitCoveragePower, type BetaProbabilities, type CoveragePoint, type CoveragePower, type SolvedDraws,
} from "./curves/coverage.ts";
export { exchangeRates, measureCurve, type CurveOptions, type Exchange, type MeasuredCurve, type RunCurve } from "./curves/curve.ts";
export { accuracyChart, entropyChart } from "./curves/curve-charts.ts";
export { exchangeRate as exchangeRateOfSamples, type CurvePoint, type ExchangeRate as SamplesExchangeRate } from "./curves/exchange-rate.ts";
export { bestOfK, passAtK, type ScoredDraw } from "./curves/pass-at-k.ts";
export { agreement, votesAtK, type Vote, type VotesAtK, type VotesOptions } from "./curves/votes-at-k.ts";
export { aggregate, aggregations, type Aggregation } from "./reward/aggregate.ts";
export { ModelReward, rewardKinds, type RewardKind } from "./reward/model-reward.ts";
export { openReward, type OpenRewardOptions } from "./reward/open-reward.ts";
export { trainReward, type TrainedReward, type TrainRewardOptions } from "./reward/train-reward.ts";
export type { RewardReport } from "./reward/judge-reward.ts";
export { check as checkAnswers, type Checked, type CheckOptions } from "./doubt/check.ts";
export type { CheckReport, RevisionReport } from "./doubt/check-report.ts";
export { reliabilityChart, riskCoverageChart, type ScoreNames } from "./doubt/doubt-charts.ts";
export { doubtScores, probabilityScores, type CheckedAnswer, type Doubts, type DoubtScore } from "./doubt/doubts.ts";
export { HiddenStates } from "./doubt/hidden-states.ts";
export { auroc, calibration, riskCoverage, type Calibration, type Judged, type ReliabilityBin, type RiskAtCoverage, type ScoreQuality } from "./doubt/judged.ts";
export { fitLogisticRegression, predict, type LogisticRegression, type LogisticRegressionOptions } from "./doubt/logistic-regression.ts";
export {
  clusterAnswers, sameMeaning, semanticEntropy, weightedSemanticEntropy, type Compare, type EquivalenceRule, type Relation,
} from "./doubt/semantic-entropy.ts";
export { groupAdvantages } from "./learn/advantages.ts";
export { k3, policyLoss, policyTerms, type PolicyBatch, type PolicyLoss, type PolicyLossOptions, type PolicyTerms } from "./learn/policy-loss.ts";
export { star, type StarOptions, type StarReport } from "./learn/star.ts";
export { trainGrpo, type GrpoOptions, type GrpoRun } from "./learn/train-grpo.ts";
