import { permutation } from "../../data/shuffle.ts";
import { checkSeed } from "../../metrics/counter-random.ts";
import { hashDocument } from "../../data/shards/document-hash.ts";
import { ThinkError } from "../think-error.ts";
import { Draws } from "./draws.ts";
import type { Problem, ProblemChoice, Split } from "./task.ts";

/** Shares of all problems. */
const TEST = 0.1;
const VALIDATION = 0.05;

/** Draws in vain, one after the other, after which there are taken to be no more problems. */
const PATIENCE = 20_000;

/** The split of a problem, by its family or key alone, so that no seed brings a test problem into training. */
export function splitOf({ key, family = key }: Problem): Split {
  const { side } = hashDocument(family);
  return side < TEST ? "test" : side < TEST + VALIDATION ? "validation" : "train";
}

/**
 * Distinct problems of a split, drawn one by one.
 *
 * @param draw makes a problem from draws of its own, or gives `undefined` where they lead nowhere
 * @throws ThinkError where the task has too few
 */
export function generatedProblems<Data>(
  name: string, split: Split, { seed, count }: ProblemChoice, draw: (draws: Draws) => Problem<Data> | undefined,
): Problem<Data>[] {
  checkSeed(seed);
  const found = new Map<string, Problem<Data>>();
  for (let stream = 0, vain = 0; found.size < count; stream++) {
    const problem = draw(new Draws(seed, stream));
    if (problem !== undefined && !found.has(problem.key) && splitOf(problem) === split) {
      found.set(problem.key, problem);
      vain = 0;
    } else if (++vain >= PATIENCE) {
      throw new ThinkError(`${name} has hardly more than ${found.size} problems in its ${split} split, but ${count} were asked for; ask for fewer.`);
    }
  }
  return [...found.values()];
}

/** Some of the problems that there are, in an order fixed by the seed. */
export function chosenProblems<Data>(problems: readonly Problem<Data>[], { seed, count }: ProblemChoice): Problem<Data>[] {
  checkSeed(seed);
  return Array.from(permutation(problems.length, seed, 0).subarray(0, count)).flatMap((at) => problems[at] ?? []);
}
