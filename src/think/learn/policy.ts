import { NoTokenError } from "../../decode/generation.ts";
import { Generator } from "../../decode/language/generator.ts";
import { LanguageDecoder } from "../../decode/language/language-decoder.ts";
import type { Engine } from "../../engines/engine.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { GrpoConfig } from "../../train/config/grpo.ts";
import type { Judgement } from "../../train/step-programs.ts";
import { TrainingError } from "../../train/trainer.ts";
import { TrainingPrograms } from "../../train/training-programs.ts";
import type { Problem, Task } from "../tasks/task.ts";
import { Verifier } from "../verify/verdict.ts";
import { greedyAccuracy } from "./greedy-accuracy.ts";
import { policyTask } from "./policy-task.ts";
import { ReferencePolicy } from "./reference-policy.ts";
import { batchesOfStep, RolloutBatches, type ScoreTokens } from "./rollout-batches.ts";
import { drawRollout, type Explorer } from "./rollout.ts";

export interface PolicyParts {
  readonly config: Pick<GrpoConfig, "training" | "seed">;
  readonly task: Task;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  /** Weights of the beginning, by name. */
  readonly initial: ReadonlyMap<string, Float32Array>;
}

/** A model that learns from what it draws: one set of weights, which both look at. */
export interface Policy {
  readonly programs: TrainingPrograms;
  readonly rollouts: RolloutBatches;
  /** What the present weights solve by their likeliest answers. */
  judge(problems: readonly Problem[]): Promise<Judgement>;
  dispose(): Promise<void>;
}

export async function compilePolicy({ config: { training, seed }, task, model, tokenizer, initial }: PolicyParts, engine: Engine): Promise<Policy> {
  const { temperature, clip, kl, optimizer } = training;
  const drawnEarlier = training.epochs * training.minibatches > 1;
  const programs = await TrainingPrograms.compile(
    engine, policyTask(model, { temperature, clip, kl, drawnEarlier }), { optimizer, accumulate: batchesOfStep(training) > 1 });
  for (const [name, values] of initial) programs.state.write(name, values);
  const reference = kl === 0 ? undefined : await ReferencePolicy.compile(model, initial, temperature, engine);
  const generator = Generator.over(LanguageDecoder.sharing(model, programs.state, engine), { tokenizer, ends: [tokenizer.endId] });
  const explorer: Explorer = {
    task, verifier: new Verifier(task), generator, tokenizer, context: model.context, maxTokens: training.maxTokens ?? task.length + 1,
  };
  const old: ScoreTokens = (tokens, targets) => programs.evaluate({ feeds: { tokens, targets } });
  const rollouts = new RolloutBatches({
    training, maxTokens: explorer.maxTokens, seed, draw: (number) => orDiverged(() => drawRollout(explorer, number, { ...training, seed })),
    old: drawnEarlier ? old : undefined, reference: reference?.score,
  });
  return {
    programs, rollouts,
    judge: (problems) => orDiverged(() => greedyAccuracy(explorer, problems)),
    async dispose() {
      await generator.dispose();
      await reference?.dispose();
      await programs.dispose();
    },
  };
}

/** The weights may be finite yet, when what they say of tokens is so no longer. */
async function orDiverged<Result>(draw: () => Promise<Result>): Promise<Result> {
  try {
    return await draw();
  } catch (cause) {
    if (!(cause instanceof NoTokenError)) throw cause;
    throw new TrainingError("Training diverged: the model gives no token a probability, so that nothing can be drawn from it. What was saved before is kept; "
      + "lower training.optimizer.learningRate or training.clipNorm and go on from there.", { cause });
  }
}
