import type { StepPrograms } from "../../train/step-programs.ts";
import type { TrainingPrograms } from "../../train/training-programs.ts";
import type { RolloutBatches } from "./rollout-batches.ts";

/** The computations of a training whose batches its own weights draw: it stops between two rollouts only, and tells of them. */
export function policyPrograms(programs: TrainingPrograms, rollouts: RolloutBatches): Omit<StepPrograms, "evaluateAll"> {
  return {
    async gradient(batches) {
      const { figures, ...result } = await programs.gradient(batches);
      return { ...result, figures: { ...rollouts.figures, ...figures } };
    },
    apply: (scale, learningRate) => programs.apply(scale, learningRate),
    agree: async (stop) => stop && rollouts.isOver,
    flops: (batch) => programs.flops(batch),
    brokenParameter: () => programs.brokenParameter(),
    save: () => programs.save(),
    restore: (checkpoint) => programs.restore(checkpoint),
    dispose: () => programs.dispose(),
  };
}
