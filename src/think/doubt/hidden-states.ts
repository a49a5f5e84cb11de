import type { TextModel } from "../../decode/language/generator.ts";
import { storeParameters } from "../../decode/store-parameters.ts";
import type { Engine, Executable } from "../../engines/engine.ts";
import { int32 } from "../../graph/program.ts";
import type { Tensor } from "../../graph/tensor.ts";
import { lastOfEach } from "../../models/language-model.ts";
import { batchesByLength } from "../../train/translator/translator-batches.ts";

/** Texts that are read at once, fewer where they are long. */
const BATCH = 128;

const signature = { tokens: int32("rows", "time"), counts: int32("rows") };

/** What a language model makes of the last token of texts, before it predicts what follows. */
export class HiddenStates {
  private constructor(private readonly text: TextModel, private readonly program: Executable<typeof signature, { states: Tensor }>) {}

  /** @throws Error where a parameter lacks its value */
  static async create(text: TextModel, engine: Engine): Promise<HiddenStates> {
    const state = engine.createState();
    storeParameters(state, text.model, text.parameters);
    const program = await engine.compile(signature, ({ tokens, counts }) => ({ states: lastOfEach(text.model.hidden(tokens), counts) }), { state, frozen: true }); // [rows, 1, features]
    return new HiddenStates(text, program);
  }

  /** Of each text in order: [features]. @throws Error where a text has no tokens */
  async ofTexts(texts: readonly string[]): Promise<Float32Array[]> {
    const { tokenizer, beginning = [] } = this.text;
    const encoded = texts.map((text) => [...beginning, ...tokenizer.encode(text)]);
    const states: Float32Array[] = [];
    for (const places of batchesByLength(encoded.map(({ length }) => length), BATCH)) {
      const read = await this.#read(places.map((place) => encoded[place] ?? []));
      places.forEach((place, row) => (states[place] = read[row] ?? new Float32Array()));
    }
    return states;
  }

  async dispose(): Promise<void> {
    await this.program.dispose();
  }

  async #read(rows: readonly (readonly number[])[]): Promise<Float32Array[]> {
    if (rows.some(({ length }) => length === 0)) throw new Error("A text without tokens has no last one whose state could be read.");
    const time = Math.max(...rows.map(({ length }) => length));
    const tokens = new Int32Array(rows.length * time);
    rows.forEach((row, at) => tokens.set(row, at * time));
    const { states } = await this.program.run({
      tokens: { data: tokens, shape: [rows.length, time] }, counts: { data: Int32Array.from(rows, ({ length }) => length), shape: [rows.length] },
    });
    const { features } = this.text.model;
    return rows.map((_, row) => Float32Array.from(states.data.subarray(row * features, (row + 1) * features)));
  }
}
