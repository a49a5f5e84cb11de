import { defineGrpo } from "decade";

/**
 * Countdown again, from rewards alone: the model tries each problem many times, and learns from which of its attempts reach the
 * target (Shao et al. 2024). It begins with what `countdown.config.ts` trained, and takes about 20 minutes on one core:
 *
 *     npx decade train examples/thinking/countdown-grpo.config.ts
 *     npx decade think countdown runs/countdown-grpo --problems 1000
 */
export default defineGrpo({
  name: "countdown-grpo",
  task: "countdown",
  from: "../../runs/countdown",
  training: {
    kind: "grpo",
    steps: 200,
    problems: 32,
    samples: 16,
    optimizer: { kind: "adamw", learningRate: 1e-4, weightDecay: 0 },
    validateEvery: { steps: 20 },
    validationProblems: 500,
    checkpointEvery: { steps: 20 },
  },
});
