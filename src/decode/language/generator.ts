import type { Engine } from "../../engines/engine.ts";
import type { LanguageModel } from "../../models/language-model.ts";
import { ConstrainedTokens } from "./constraint/constrained-tokens.ts";
import type { TextConstraint } from "./constraint/text-constraint.ts";
import { checkOptions, checkTokens, ofPrompt, type GeneratedText, type TextEvent, type TextGenerationOptions, type WrittenToken } from "./generation-options.ts";
import { LanguageDecoder } from "./language-decoder.ts";
import { nextToken, scoreNext } from "./next-token.ts";
import { fillUp, readPrompts } from "./read-prompts.ts";
import { speculate } from "./speculation.ts";
import { TextRow, type RowSettings } from "./text-row.ts";
import type { NewTokens, TokenScorer } from "./token-scorer.ts";
import type { TextVocabulary } from "./vocabulary.ts";

/** How texts are written in a model's tokens. */
export interface TextFrame {
  readonly tokenizer: TextVocabulary;
  /** Tokens that every text begins with; none by default. */
  readonly beginning?: readonly number[] | undefined;
  /** Tokens that end a text; none by default. Without a beginning, the first stands in place of an empty prompt. */
  readonly ends?: readonly number[] | undefined;
}

/** A language model with what it takes to read and write text. */
export interface TextModel extends TextFrame {
  readonly model: LanguageModel;
  /** Values of the parameters, by their names within the model. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

export interface GeneratorOptions {
  /** A smaller model of the same vocabulary, whose guesses the model checks several at once (`speculate`). */
  readonly draft?: TextModel;
  /** Tokens that the draft guesses before the model checks them; 4 by default. */
  readonly guesses?: number;
  /**
   * Bytes for what the model remembers of earlier prompts and texts, so that a prompt that begins like one of them is read
   * from where they part; 0, none, by default. Not with a draft.
   */
  readonly prefixBytes?: number;
}

/**
 * Continues texts with a language model.
 *
 *     const generator = Generator.create({ model, parameters, tokenizer }, onnx());
 *     for await (const { text } of generator.stream("Once upon a time", { temperature: 0.8, topP: 0.95, seed: 7 })) {
 *       process.stdout.write(text);
 *     }
 */
export class Generator {
  readonly #constrained = new WeakMap<TextConstraint, ConstrainedTokens>();

  private constructor(
    private readonly scorer: TokenScorer, private readonly frame: TextFrame, private readonly draft?: TokenScorer, private readonly guesses = 4,
  ) {}

  /** @throws Error where parameters are missing, or tokenizer, draft and model do not share one vocabulary */
  static create(source: TextModel, engine: Engine, options: GeneratorOptions = {}): Generator {
    const { draft, guesses, prefixBytes } = options;
    checkFrame(source, source.model.vocabulary);
    checkDraft(source, options);
    const decoder = LanguageDecoder.create(source.model, source.parameters, engine, { prefixBytes });
    return new Generator(decoder, source, draft && LanguageDecoder.create(draft.model, draft.parameters, engine), guesses);
  }

  /**
   * A generator with a model that need not be one of Decade's, such as an exported file.
   *
   * @throws Error where tokenizer and model do not share one vocabulary
   */
  static over(scorer: TokenScorer, frame: TextFrame): Generator {
    checkFrame(frame, scorer.vocabulary);
    return new Generator(scorer, frame);
  }

  /** Continues each prompt, `samples` times: the texts of each prompt in the order of drawing. */
  async generate(prompts: readonly string[], options: TextGenerationOptions = {}): Promise<GeneratedText[][]> {
    const texts = prompts.map((_, at) => Array.from({ length: ofPrompt(options.samples, at, 1) }, (): TextEvent[] => []));
    for await (const event of this.#writeAll(prompts, options, false)) texts[event.prompt]?.[event.sample]?.push(event);
    const ends = this.#ends(options);
    return texts.map((list) => list.map((events) => collect(events, ends)));
  }

  /** Continues one prompt, and tells of each token when it is written. */
  stream(prompt: string, options: TextGenerationOptions = {}): AsyncGenerator<TextEvent, void> {
    return this.streamAll([prompt], options);
  }

  /**
   * Continues prompts and tells of each token when it is written. Texts that are written at once take turns.
   *
   * @throws RangeError where an option makes no sense or a prompt is longer than the model's context
   */
  streamAll(prompts: readonly string[], options: TextGenerationOptions = {}): AsyncGenerator<TextEvent, void> {
    return this.#writeAll(prompts, options, true);
  }

  /** Forgets texts that were read before, so that everything is read anew. */
  forget(): void {
    this.scorer.prefixes?.clear();
  }

  /** Frees what the engine keeps, and what is remembered of texts. */
  async dispose(): Promise<void> {
    await this.scorer.dispose();
    await this.draft?.dispose();
  }

  async *#writeAll(prompts: readonly string[], options: TextGenerationOptions, streams: boolean): AsyncGenerator<TextEvent, void> {
    checkOptions(options, prompts.length, this.scorer.vocabulary);
    const tokens = prompts.map((prompt, at) => this.#promptTokens(prompt, at));
    const settings = this.#settings(options, streams);
    for (const batch of batchesOf(prompts.length, options)) {
      const rows = batch.map((prompt) => (
        Array.from({ length: ofPrompt(options.samples, prompt, 1) }, (_, sample) => new TextRow(prompt, sample, tokens[prompt] ?? [], settings))));
      if (this.draft === undefined) yield* this.#write(rows, options);
      else for (const row of rows.flat()) yield* speculate(this.scorer, this.draft, row, { ...options, guesses: this.guesses });
    }
  }

  /** Writes the samples of each prompt. A prompt is read once for all of its samples. */
  async *#write(prompts: readonly (readonly TextRow[])[], options: TextGenerationOptions): AsyncGenerator<TextEvent, void> {
    const { context = Infinity } = this.scorer;
    const { whenFull = "stop" } = options;
    const first = prompts.map(([row]) => row?.seen ?? []);
    const longest = Math.max(...prompts.map(([row]) => (row === undefined ? 0 : row.seen.length + row.limit)));
    const capacity = whenFull === "slide" && context < Infinity ? context : Math.min(context, longest);
    const ends = this.#ends(options);
    const prompted = await readPrompts(this.scorer, first, capacity, options);
    for (const [place, reading] of prompted.readings.entries()) options.onRead?.(prompts[place]?.[0]?.prompt ?? place, reading);
    let { memory, scores } = prompted;
    let writing: readonly PlacedRow[] = prompts.flatMap((rows, place) => rows.map((row) => ({ row, place })));
    for (let input: NewTokens; ; scores = await scoreNext(this.scorer, memory, input, options)) {
      for (const { row, place } of writing) {
        const token = nextToken(row, scores(place), ends, options);
        yield token === undefined ? row.complete() : row.write(token, whenFull === "stop" && row.seen.length >= context);
        if (row.isOver) this.scorer.prefixes?.retain(row.seen, memory, place);
      }
      const running = inFewMoves(writing.filter(({ row }) => !row.isOver));
      if (running.length === 0) return;
      if (running.some(({ row }) => row.seen.length > context)) {
        for (const { row } of running) row.slide(context);
        memory = this.scorer.remember(running.length, capacity);
        input = fillUp(running.map(({ row }) => row.seen));
      } else {
        if (running.some(({ place }, at) => place !== at) || running.length < memory.rows) memory = memory.keep(running.map(({ place }) => place));
        input = { tokens: Int32Array.from(running, ({ row }) => row.seen.at(-1) ?? 0) };
      }
      writing = running.map(({ row }, place) => ({ row, place }));
    }
  }

  #promptTokens(prompt: string, at: number): number[] {
    const { vocabulary, context } = this.scorer;
    const { tokenizer, beginning = [], ends = [] } = this.frame;
    const written = [...beginning, ...tokenizer.encode(prompt)];
    const tokens = written.length > 0 ? written : ends.slice(0, 1);
    if (tokens.length === 0) throw new RangeError(`Prompt ${at + 1} is empty, and the model has no token that texts begin or end with; give at least one character.`);
    checkTokens(tokens, vocabulary, `token of prompt ${at + 1},`);
    if (context !== undefined && tokens.length > context) {
      throw new RangeError(`Prompt ${at + 1} has ${tokens.length} tokens, but the model can look at ${context}; shorten it.`);
    }
    return tokens;
  }

  #ends({ stopTokens = [] }: TextGenerationOptions): ReadonlySet<number> {
    return new Set([...(this.frame.ends ?? []), ...stopTokens]);
  }

  #settings(options: TextGenerationOptions, streams: boolean): RowSettings {
    const { constraint } = options;
    return { vocabulary: this.frame.tokenizer, options, ends: this.#ends(options), constrained: constraint && this.#constrainedBy(constraint), streams };
  }

  #constrainedBy(constraint: TextConstraint): ConstrainedTokens {
    const known = this.#constrained.get(constraint) ?? new ConstrainedTokens(constraint, this.frame.tokenizer);
    this.#constrained.set(constraint, known);
    return known;
  }
}

/** Prompts whose texts are written at once: as many as have room in a batch, and at least one. */
function batchesOf(prompts: number, { samples, batch = 16 }: TextGenerationOptions): number[][] {
  const batches: number[][] = [];
  for (let [prompt, rows] = [0, 0]; prompt < prompts; prompt++) {
    const own = ofPrompt(samples, prompt, 1);
    const last = batches.at(-1);
    if (last === undefined || rows + own > batch) {
      batches.push([prompt]);
      rows = own;
    } else {
      last.push(prompt);
      rows += own;
    }
  }
  return batches;
}

/** A text and its row in the memory. */
interface PlacedRow {
  readonly row: TextRow;
  readonly place: number;
}

/** An order for texts that go on in which those that can stay in their places do, and the others fill the gaps. */
function inFewMoves(running: readonly PlacedRow[]): PlacedRow[] {
  const order: (PlacedRow | undefined)[] = running.map(() => undefined);
  const moved = running.filter((placed) => {
    if (placed.place >= order.length || order[placed.place] !== undefined) return true;
    order[placed.place] = placed;
    return false;
  }).values();
  return order.flatMap((placed) => placed ?? moved.next().value ?? []);
}

function collect(events: readonly TextEvent[], ends: ReadonlySet<number>): GeneratedText {
  const details = events.flatMap(({ token }): WrittenToken[] => (token === undefined ? [] : [token]));
  const reason = events.at(-1)?.reason;
  if (reason === undefined) throw new Error("A generated text has an end.");
  return {
    text: events.map(({ text }) => text).join(""),
    tokens: Int32Array.from(details.map(({ token }) => token).filter((token) => !ends.has(token))),
    logProbability: details.reduce((sum, { logProbability }) => sum + logProbability, 0),
    reason, details,
  };
}

function checkFrame({ tokenizer, beginning = [], ends = [] }: TextFrame, vocabulary: number): void {
  if (tokenizer.size > vocabulary) {
    throw new Error(`The tokenizer has ${tokenizer.size} tokens, but the model knows ${vocabulary}; give the one that the model was trained with.`);
  }
  checkTokens(beginning, vocabulary, "beginning token");
  checkTokens(ends, vocabulary, "end token");
}

function checkDraft({ model, tokenizer }: TextModel, { draft, guesses = 4 }: GeneratorOptions): void {
  if (draft === undefined) return;
  if (!Number.isInteger(guesses) || guesses < 1) throw new RangeError(`guesses is ${guesses}; give a whole number of at least 1.`);
  if (draft.model.vocabulary !== model.vocabulary || draft.tokenizer.size !== tokenizer.size) {
    throw new Error(`The draft knows ${draft.model.vocabulary} tokens and the model ${model.vocabulary}; they must share one vocabulary.`);
  }
  if (!model.rewinds || !draft.model.rewinds) {
    throw new Error("A recurrent model cannot take back what it has read, so it can neither be a draft nor have one; use Transformers.");
  }
}
