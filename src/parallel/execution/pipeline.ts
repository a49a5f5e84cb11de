import type { NumericArray } from "../../engines/engine.ts";
import type { SeededBatch } from "../../train/step-programs.ts";
import type { TrainingBatch } from "../../train/training-task.ts";
import type { StageChain } from "../cut/stage-chain.ts";
import type { StagePassage, StageProgram } from "../cut/stage-program.ts";
import { formatAction, isComputation, type Action } from "../schedule.ts";
import type { Transport } from "../transport.ts";
import { Exchange, type Crossing } from "./exchange.ts";
import { placeOf, type Layout } from "./layout.ts";
import type { VocabularyShards } from "./vocabulary-shards.ts";

/** One device of a pipeline: its stages, and what it exchanges with the devices of the stages beside them. */
export class Pipeline {
  readonly #transport: Transport;
  readonly #layout: Layout;
  readonly #device: number;
  readonly #replica: number;
  /** By stage. */
  readonly #training: ReadonlyMap<number, StageProgram>;
  /** Stages of which a step's last batch passes through pieces. */
  readonly #chains: ReadonlyMap<number, StageChain>;
  readonly #validation: ReadonlyMap<number, StageProgram>;
  /** This device's shard, if it has one: the last stage's device does it beside its stage. */
  readonly #vocabulary: VocabularyShards | undefined;

  constructor(transport: Transport, layout: Layout, programs: {
    training: ReadonlyMap<number, StageProgram>; chains: ReadonlyMap<number, StageChain>; validation: ReadonlyMap<number, StageProgram>; vocabulary?: VocabularyShards | undefined;
  }) {
    this.#transport = transport;
    this.#layout = layout;
    ({ device: this.#device, replica: this.#replica } = placeOf(transport.rank, layout));
    this.#training = programs.training;
    this.#chains = programs.chains;
    this.#validation = programs.validation;
    this.#vocabulary = programs.vocabulary;
  }

  /**
   * Does its part of a step: the batches pass through all stages and their gradients back; those by weights are added to
   * the state's. Gives the summed loss where the last stage is, 0 elsewhere. `finished` is called with each stage and the
   * number of its piece whose gradients are complete.
   */
  async train(batches: readonly SeededBatch[], finished: (stage: number, piece: number) => Promise<void> = async () => undefined): Promise<number> {
    if (this.#vocabulary?.isAlone === true) {
      await this.#vocabulary.train(batches);
      return 0;
    }
    const actions = (this.#layout.schedule.devices[this.#device] ?? []).filter(isComputation);
    /** Of each stage, the batch after whose gradients there are none. */
    const lastBatches = new Map(actions.flatMap(({ kind, stage, microBatch }) => (kind === "B" || kind === "W" ? [[stage, microBatch] as const] : [])));
    const exchange = new Exchange(this.#transport, this.#layout, this.#replica);
    const passages = new Map<string, StagePassage>();
    const expected = actions.map((action) => this.#expects(action));
    const expect = (index: number): void => {
      const [action, what] = [actions[index], expected[index]];
      const batch = action && batches[action.microBatch];
      if (action && what && batch) exchange.expect(what, action.microBatch, () => this.#arrays(action, batch.batch));
    };
    let loss = 0;
    for (const [index, action] of actions.entries()) {
      const { kind, stage, microBatch } = action;
      const [program, batch] = [this.#training.get(stage), batches[microBatch]];
      if (program === undefined || batch === undefined) throw new Error(`This device cannot do ${formatAction(action)}.`);
      const what = expected[index];
      expect(index);
      const given = what === undefined ? [] : await exchange.take(what, microBatch);
      expect(index + 1); // under way while this one computes
      if (this.#vocabulary !== undefined && this.#isLast(stage) && (kind === "I" || kind === "B")) {
        const { loss: part, slope } = await this.#vocabulary.end(microBatch);
        loss += part;
        given.push(slope);
      }
      const key = `${stage}.${microBatch}`;
      const isLastBatch = microBatch === lastBatches.get(stage);
      const chain = isLastBatch ? this.#chains.get(stage) : undefined;
      const end = async (passage: StagePassage): Promise<void> => {
        passages.delete(key);
        passage.finish();
        if (isLastBatch && chain === undefined) await finished(stage, 0);
      };
      switch (kind) {
        case "F": {
          const { feeds } = batch.batch;
          const { outputs, passage } = chain === undefined ? await program.begin(feeds, batch.seed, given)
            : await chain.begin(feeds, batch.seed, given, (piece) => finished(stage, piece));
          passages.set(key, passage);
          if (this.#isLast(stage)) {
            if (this.#vocabulary === undefined) loss += Number(outputs[0]?.data[0]);
            else await this.#vocabulary.begin(batch, microBatch, outputs);
          } else exchange.send("F", stage, stage + 1, microBatch, outputs);
          break;
        }
        case "I":
        case "B": {
          const passage = passages.get(key) ?? missing(action);
          const slopes = await passage.backwardByInputs(given);
          if (stage > 0) exchange.send("B", stage, stage - 1, microBatch, slopes);
          if (kind === "B") await end(passage);
          break;
        }
        case "W": {
          const passage = passages.get(key) ?? missing(action);
          await passage.backwardByWeights();
          await end(passage);
          break;
        }
        default:
          kind satisfies never;
      }
    }
    await exchange.finish();
    await this.#vocabulary?.finish();
    return loss;
  }

  /** Forward passes alone, one batch after another. Gives -log p of all targets where the last stage is, 0 elsewhere. */
  async evaluate(batches: AsyncIterable<TrainingBatch>): Promise<number> {
    const exchange = new Exchange(this.#transport, this.#layout, this.#replica);
    if (this.#vocabulary !== undefined) {
      const hiddenOf = (batch: TrainingBatch, index: number): Promise<NumericArray[]> => this.#pass(exchange, batch, index);
      const likelihoods = await this.#vocabulary.evaluate(batches, this.#vocabulary.isAlone ? undefined : hiddenOf);
      await exchange.finish();
      return likelihoods;
    }
    let [sum, index] = [0, 0];
    for await (const batch of batches) for (const likelihood of (await this.#pass(exchange, batch, index++))[0]?.data ?? []) sum += likelihood;
    await exchange.finish();
    return sum;
  }

  /** A forward pass through this device's stages. Gives what the last stage puts out, nothing elsewhere. */
  async #pass(exchange: Exchange, { feeds }: TrainingBatch, index: number): Promise<NumericArray[]> {
    for (const [stage, program] of [...this.#validation].sort(([a], [b]) => a - b)) {
      const crossing = { direction: "F", from: stage - 1, to: stage } as const;
      if (stage > 0) exchange.expect(crossing, index, () => program.inputArrays(program.dimensions(feeds)));
      const given = stage === 0 ? [] : await exchange.take(crossing, index);
      const { outputs } = await program.forward(feeds, 0, given);
      if (this.#isLast(stage)) return outputs;
      await exchange.finish(); // a stage that is slower takes batches one by one
      exchange.send("F", stage, stage + 1, index, outputs);
    }
    return [];
  }

  #isLast(stage: number): boolean {
    return stage === this.#layout.stages - 1;
  }

  /** What an action waits for from another stage. */
  #expects({ kind, stage }: Action): Crossing | undefined {
    if (kind === "F") return stage === 0 ? undefined : { direction: "F", from: stage - 1, to: stage };
    if (kind === "W" || this.#isLast(stage)) return undefined;
    return { direction: "B", from: stage + 1, to: stage };
  }

  #arrays({ kind, stage }: Action, { feeds }: TrainingBatch): NumericArray<Float32Array>[] {
    const program = this.#training.get(stage);
    if (program === undefined) return [];
    const dims = program.dimensions(feeds);
    return kind === "F" ? program.inputArrays(dims) : program.slopeArrays(dims);
  }
}

function missing(action: Action): never {
  throw new Error(`${formatAction(action)} comes before its forward pass.`);
}
