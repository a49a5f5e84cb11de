import type { Engine, Feeds, NumericArray } from "../../engines/engine.ts";
import type { StateStore } from "../../engines/state-store.ts";
import type { Signature } from "../../graph/program.ts";
import { StageProgram, type StageOptions, type StagePassage } from "./stage-program.ts";
import type { StageGraph } from "./stages.ts";

/** A stage in pieces that run one after another, so that the gradients of the last are there while those of the first are computed. */
export class StageChain {
  readonly #pieces: readonly StageProgram[];

  private constructor(pieces: readonly StageProgram[]) {
    this.#pieces = pieces;
  }

  static async compile(engine: Engine, state: StateStore, { graphs, ...options }: Omit<StageOptions, "graph"> & { readonly graphs: readonly StageGraph[] }): Promise<StageChain> {
    const pieces: StageProgram[] = [];
    for (const graph of graphs) pieces.push(await StageProgram.compile(engine, state, { ...options, graph }));
    return new StageChain(pieces);
  }

  /** Begins a micro-batch; `finished` is called with the number of each piece whose gradients by weights have been added to the state's. */
  async begin(
    batch: Feeds<Signature>, seed: number, inputs: readonly NumericArray[], finished: (piece: number) => Promise<void>,
  ): Promise<{ outputs: NumericArray[]; passage: StagePassage }> {
    const passages: StagePassage[] = [];
    let passed: NumericArray[] = [...inputs];
    for (const piece of this.#pieces) {
      const { outputs, passage } = await piece.begin(batch, seed, passed);
      passages.push(passage);
      passed = outputs;
    }
    const backward = [...passages.entries()].reverse();
    const isWhole = this.#pieces.every((piece) => piece.backward === "whole");
    return {
      outputs: passed,
      passage: {
        backwardByInputs: async (slopes) => {
          let passedBack = slopes;
          for (const [at, passage] of backward) {
            passedBack = await passage.backwardByInputs(passedBack);
            if (isWhole) await finished(at);
          }
          return passedBack.filter((slope) => slope !== undefined);
        },
        backwardByWeights: async () => {
          for (const [at, passage] of backward) {
            await passage.backwardByWeights();
            await finished(at);
          }
        },
        finish: () => { passages.forEach((passage) => { passage.finish(); }); },
      },
    };
  }

  async dispose(): Promise<void> {
    for (const piece of this.#pieces) await piece.dispose();
  }
}
