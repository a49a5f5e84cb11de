import { storeParameters } from "../../decode/store-parameters.ts";
import type { Engine, Executable } from "../../engines/engine.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { DRAWN } from "./policy-task.ts";
import { policyTerms } from "./policy-loss.ts";
import type { ScoreTokens } from "./rollout-batches.ts";

/** A model that does not learn, which the one that does is to stay near. */
export class ReferencePolicy {
  private constructor(private readonly program: Executable<typeof DRAWN>) {}

  static async compile(model: LanguageModel, parameters: ReadonlyMap<string, Float32Array>, temperature: number, engine: Engine): Promise<ReferencePolicy> {
    const state = engine.createState();
    storeParameters(state, model, parameters);
    return new ReferencePolicy(await engine.compile(DRAWN, ({ tokens, targets }) => (
      { losses: policyTerms(model, tokens, targets, temperature).logProbabilities.negate() }), { state, frozen: true }));
  }

  readonly score: ScoreTokens = async (tokens, targets) => {
    const { losses } = await this.program.run({ tokens, targets });
    return Float32Array.from(losses?.data ?? []);
  };

  dispose(): Promise<void> {
    return this.program.dispose();
  }
}
