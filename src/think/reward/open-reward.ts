import type { TextVocabulary } from "../../decode/language/vocabulary.ts";
import type { Engine } from "../../engines/engine.ts";
import { Tokenizer } from "../../text/tokenizer.ts";
import type { Task } from "../tasks/task.ts";
import { ThinkError } from "../think-error.ts";
import type { Aggregation } from "./aggregate.ts";
import { ModelReward } from "./model-reward.ts";
import { openRewardRun } from "./reward-run.ts";

export interface OpenRewardOptions {
  readonly task: Task;
  /** Of the model whose attempts are to be judged, where it is known. */
  readonly tokenizer?: TextVocabulary | undefined;
  /** How the scores of steps make one; by default `last`. */
  readonly aggregate?: Aggregation | undefined;
  readonly engine: Engine;
}

/**
 * Opens a trained reward model to stand in the verifier's place.
 *
 *     const reward = await openReward("runs/countdown-reward", { task, engine: onnx() });
 *     const { report } = await think(task, problems, sampler, { strategy: "best-of-n", reward });
 *
 * @throws ThinkError where it is of another task or tokenizer, or has no steps to aggregate; otherwise as `openRewardRun` does
 */
export async function openReward(path: string, { task, tokenizer, aggregate, engine }: OpenRewardOptions): Promise<ModelReward> {
  const { config: { model: { judges }, data }, scorer, tokenizer: own } = await openRewardRun(path, engine);
  try {
    if (kindOf(data.task) !== kindOf(task.name)) throw new ThinkError(`The reward model in ${path} judges attempts at ${data.task}, not at ${task.name}; train one for this task with decade think reward.`);
    if (tokenizer instanceof Tokenizer && !tokenizer.hasVocabularyOf(own)) {
      throw new ThinkError(`The reward model in ${path} has another tokenizer than the model whose attempts it is to judge; train one from that model with decade think reward.`);
    }
    if (judges === "outcome" && aggregate !== undefined) throw new ThinkError(`The reward model in ${path} judges whole attempts, which have no scores of steps to take the ${aggregate} of; leave the aggregation out.`);
  } catch (error) {
    await scorer.dispose();
    throw error;
  }
  return new ModelReward(`the reward model in ${path}`, scorer, judges, aggregate ?? "last");
}

/** A task's name without its options: harder problems of a kind may be judged too. */
function kindOf(task: string): string {
  return task.split(":")[0] ?? task;
}
