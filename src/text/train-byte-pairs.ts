import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { BPE, Tokenizer as Binding, byteLevelAlphabet } from "tokenizers";
import { z } from "zod";
import { buildTokenizerFile } from "./build-tokenizer-file.ts";
import { SPECIAL_TOKENS } from "./special-tokens.ts";
import { TokenizerError } from "./tokenizer-error.ts";
import type { TokenizerSpec } from "./tokenizer-spec.ts";

/** What the package's Node binding learns in one training; it takes no other size. */
const LEARNED_SIZE = 30_000;

type BytePairSpec = Extract<TokenizerSpec, { kind: "bpe" }>;

const Learned = z.object({
  model: z.object({ vocab: z.record(z.string(), z.number()), merges: z.array(z.tuple([z.string(), z.string()])) }),
});

/**
 * Learns byte-pair merges and returns a tokenizer file with exactly `spec.vocabulary` tokens: the special tokens, the
 * 256 bytes, then one token for each merge in the order of learning. The package learns as many merges as it can;
 * since each merge depends only on those before it, a smaller vocabulary is the beginning of a larger one.
 *
 * @throws TokenizerError where the size is below 260, or more than the texts or the package allow.
 */
export async function trainBytePairs(spec: BytePairSpec, texts: Iterable<string>): Promise<object> {
  const base = [...SPECIAL_TOKENS, ...byteLevelAlphabet().sort()];
  if (!Number.isInteger(spec.vocabulary) || spec.vocabulary < base.length) {
    throw new TokenizerError(
      `A byte-pair vocabulary of ${spec.vocabulary} was asked for. It must be a whole number of at least ` +
        `${base.length}: ${SPECIAL_TOKENS.length} special tokens and 256 bytes come before the first merge.`,
    );
  }
  const { vocab, merges } = await learn(spec, texts);
  const tokens = new Set(base);
  const kept: [string, string][] = [];
  for (const [left, right] of merges) {
    if (tokens.size === spec.vocabulary) break;
    kept.push([left, right]);
    tokens.add(left + right);
  }
  if (tokens.size < spec.vocabulary) {
    const learnedAll = Object.keys(vocab).length >= LEARNED_SIZE;
    throw new TokenizerError(
      `A byte-pair vocabulary of ${spec.vocabulary} was asked for, but ` +
        (learnedAll ? `the trainer stops at ${tokens.size}` : `these texts yield only ${tokens.size} tokens`) +
        `. Ask for a vocabulary of ${tokens.size} or fewer${learnedAll ? "" : ", or give more text"}.`,
    );
  }
  return buildTokenizerFile(spec, [...tokens], kept);
}

/** Trains in a temporary folder, because the binding reads its texts from files and shows its model only as one. */
async function learn(spec: BytePairSpec, texts: Iterable<string>): Promise<z.infer<typeof Learned>["model"]> {
  const untrained = Binding.fromString(JSON.stringify(buildTokenizerFile(spec, [], [])));
  untrained.setModel(BPE.empty());
  const folder = await mkdtemp(join(tmpdir(), "decade-bpe-"));
  try {
    const input = join(folder, "texts.txt");
    const output = join(folder, "tokenizer.json");
    await pipeline(lines(texts), createWriteStream(input));
    untrained.train([input]);
    untrained.save(output);
    return Learned.parse(JSON.parse(await readFile(output, "utf8"))).model;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function* lines(texts: Iterable<string>): Generator<string> {
  for (const text of texts) yield `${text}\n`;
}
