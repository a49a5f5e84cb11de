import { tokensInMemory, type TokenSource } from "../../data/shards/token-shards.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import { RunDirectory } from "../../train/run/run-directory.ts";
import { openRunText } from "../../train/text-data.ts";

/** What a language model's run learned from and what it holds out. */
export interface RunTokens {
  readonly tokenizer: Tokenizer;
  /** Several where it learned from a mixture. */
  readonly train: readonly TokenSource[];
  readonly validation: TokenSource | undefined;
}

/** @throws RunDirectoryError where the run is no language model; DataError where its text is gone */
export async function openRunTokens(path: string): Promise<RunTokens> {
  const directory = await RunDirectory.open(path);
  const data = await openRunText(await directory.readTextConfig(), directory, false);
  const { tokenizer } = data;
  switch (data.kind) {
    case "running":
      return { tokenizer, train: "tokens" in data.train ? [data.train] : data.train.map(({ source }) => source), validation: data.validation };
    case "completions": {
      const joined = (examples: typeof data.train): TokenSource => (
        tokensInMemory(Int32Array.from(examples.flatMap(({ tokens }) => [...tokens])), tokenizer.size, tokenizer.endId));
      return { tokenizer, train: [joined(data.train)], validation: data.validation.length === 0 ? undefined : joined(data.validation) };
    }
    default:
      return data satisfies never;
  }
}

/** All tokens of a source. */
export function readAll(source: TokenSource): Int32Array {
  const tokens = new Int32Array(source.tokens);
  source.read(0, tokens);
  return tokens;
}
