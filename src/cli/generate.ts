import type { Command } from "commander";
import { jsonSchema } from "../decode/language/constraint/json-schema.ts";
import { regularExpression } from "../decode/language/constraint/regular-expression.ts";
import type { TextConstraint } from "../decode/language/constraint/text-constraint.ts";
import type { GeneratedText, TextGenerationOptions } from "../decode/language/generation-options.ts";
import { Generator } from "../decode/language/generator.ts";
import { onnx } from "../engines/onnx/engine.ts";
import { openTextModel, type OpenedTextModel } from "../train/run/open-text-model.ts";
import { CommandError, UsageError } from "./errors.ts";
import type { Io } from "./io.ts";
import { jsonOption, nonNegativeInteger, number, positiveInteger, positiveNumber, probability, repeated } from "./options.ts";
import { readWholeText, standardInput } from "./text-input.ts";
import { noteUnknown } from "./unknown-text.ts";

interface GenerateFlags {
  readonly greedy?: boolean;
  readonly temperature?: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly typical?: number;
  readonly repetitionPenalty?: number;
  readonly frequencyPenalty?: number;
  readonly presencePenalty?: number;
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly seed: number;
  readonly samples: number;
  readonly regex?: string;
  readonly jsonSchema?: string;
  readonly slide?: boolean;
  readonly draft?: string;
  readonly guesses?: number;
  readonly logprobs?: number | true;
  readonly checkpoint: string;
  readonly threads?: number;
  readonly json?: boolean;
}

export function addGenerate(program: Command, io: Io): void {
  program.command("generate")
    .description("continue a text with a language model")
    .argument("<model>", "folder of a trained run, or of a model of Hugging Face or llama2.c")
    .argument("[prompt]", "what is continued; - is standard input", "")
    .option("--greedy", "take the likeliest token each time")
    .option("--temperature <t>", "below 1 sharpens the distribution, above 1 flattens it (default: 1)", positiveNumber)
    .option("--top-k <count>", "draw among the likeliest tokens only", positiveInteger)
    .option("--top-p <share>", "draw among the likeliest tokens of this probability together", probability)
    .option("--min-p <share>", "draw among tokens at least this probable, relative to the likeliest", probability)
    .option("--typical <share>", "draw among tokens of nearly average information, of this probability together", probability)
    .option("--repetition-penalty <factor>", "divides the logits of tokens that occurred (default: 1)", positiveNumber)
    .option("--frequency-penalty <amount>", "subtracted from a token's logit each time it was written (default: 0)", number)
    .option("--presence-penalty <amount>", "subtracted from the logits of tokens that were written (default: 0)", number)
    .option("--max-tokens <count>", "the most new tokens", positiveInteger, 256)
    .option("--stop <text>", "ends the text before this; may be repeated", repeated, [])
    .option("--seed <number>", "of the draws", nonNegativeInteger, 1)
    .option("--samples <count>", "texts", positiveInteger, 1)
    .option("--regex <expression>", "write only what matches this as a whole")
    .option("--json-schema <file>", "write only JSON that is valid by this schema")
    .option("--slide", "at the model's context, go on from the last half of it")
    .option("--draft <model>", "smaller model of the same vocabulary that guesses tokens ahead; the distribution stays the same")
    .option("--guesses <count>", "tokens that the draft guesses at a time (default: 4)", positiveInteger)
    .option("--logprobs [count]", "with --json: log-probabilities of the tokens, and the likeliest others", positiveInteger)
    .option("--checkpoint <which>", "of a run: best, latest, a step, the name of an average, or a folder", "best")
    .option("--threads <count>", "threads of one operation (default: as many as there are cores)", positiveInteger)
    .addOption(jsonOption())
    .action((model: string, prompt: string, flags: GenerateFlags) => runGenerate(model, prompt, flags, io));
}

async function runGenerate(path: string, given: string, flags: GenerateFlags, io: Io): Promise<void> {
  checkFlags(flags);
  const options = await generationOptions(flags);
  const [source, draft] = await Promise.all([openTextModel(path, flags), flags.draft === undefined ? undefined : openTextModel(flags.draft)]);
  const prompt = given === "-" ? (await standardInput()).replace(/\r?\n$/, "") : given;
  const generator = createGenerator(source, draft, flags);
  noteUnknown(source.tokenizer, [prompt], "the prompt", io);
  try {
    await write(generator, source, prompt, options, flags, io);
  } catch (error) {
    throw error instanceof RangeError ? new CommandError(error.message, { cause: error }) : error;
  } finally {
    await generator.dispose();
  }
}

function checkFlags({ greedy, temperature, topK, topP, minP, typical, regex, jsonSchema: schema, draft, guesses, logprobs, json }: GenerateFlags): void {
  if (greedy && [temperature, topK, topP, minP, typical].some((value) => value !== undefined)) {
    throw new UsageError("--temperature, --top-k, --top-p, --min-p and --typical are about draws; leave them or --greedy out.");
  }
  if (regex !== undefined && schema !== undefined) throw new UsageError("--regex and --json-schema both say what is written; leave one out.");
  if (guesses !== undefined && draft === undefined) throw new UsageError("--guesses is about a draft; add --draft.");
  if (logprobs !== undefined && !json) throw new UsageError("--logprobs prints JSON; add --json.");
}

async function generationOptions({ regex, jsonSchema: schema, slide, logprobs, ...choice }: GenerateFlags): Promise<TextGenerationOptions> {
  const constraint = regex !== undefined ? regularExpression(regex) : schema !== undefined ? await schemaFile(schema) : undefined;
  return {
    ...choice, ...(constraint && { constraint }), whenFull: slide ? "slide" : "stop", alternatives: typeof logprobs === "number" ? logprobs : 0,
  };
}

async function schemaFile(file: string): Promise<TextConstraint> {
  const content = await readWholeText(file);
  let schema: unknown;
  try {
    schema = JSON.parse(content);
  } catch (error) {
    throw new CommandError(`${file} is not JSON: ${error instanceof Error ? error.message : String(error)}.`, { cause: error });
  }
  return jsonSchema(schema);
}

function createGenerator(source: OpenedTextModel, draft: OpenedTextModel | undefined, { threads, guesses }: GenerateFlags): Generator {
  try {
    return Generator.create(source, onnx(threads === undefined ? {} : { threads }), { ...(draft && { draft }), ...(guesses !== undefined && { guesses }) });
  } catch (error) {
    // Models that do not go together are the user's choice.
    throw error instanceof Error && error.name === "Error" ? new CommandError(error.message, { cause: error }) : error;
  }
}

async function write(
  generator: Generator, source: OpenedTextModel, prompt: string, options: TextGenerationOptions, { json, samples, logprobs }: GenerateFlags, io: Io,
): Promise<void> {
  if (json) {
    const start = performance.now();
    const texts = (await generator.generate([prompt], options))[0] ?? [];
    const tokensPerSecond = Math.round((10_000 * texts.reduce((sum, { details }) => sum + details.length, 0)) / (performance.now() - start)) / 10;
    const results = texts.map((result) => described(result, source, logprobs !== undefined));
    io.out(`${JSON.stringify(samples === 1 ? { ...results[0], tokensPerSecond } : { samples: results, tokensPerSecond })}\n`);
    return;
  }
  if (samples === 1) {
    for await (const event of generator.stream(prompt, options)) io.out(event.text);
    if (process.stdout.isTTY) io.out("\n");
    return;
  }
  const [texts = []] = await generator.generate([prompt], options);
  io.out(texts.map(({ text: written }, at) => `--- ${at + 1}\n${written}\n`).join(""));
}

function described({ text: written, tokens, logProbability, reason, details }: GeneratedText, { tokenizer }: OpenedTextModel, withTokens: boolean): object {
  const spelled = <T extends { readonly token: number }>(token: T): T & { text: string } => ({ ...token, text: tokenizer.decode([token.token]) });
  return {
    text: written, tokens: Array.from(tokens), logProbability, reason,
    ...(withTokens && { details: details.map(({ alternatives, ...token }) => ({ ...spelled(token), alternatives: alternatives.map(spelled) })) }),
  };
}
