import { expect, test } from "vitest";
import { regularExpression } from "./constraint/regular-expression.ts";
import { characters } from "./fixtures/tiny-text-model.ts";
import { ConstrainedTokens } from "./constraint/constrained-tokens.ts";
import { nextToken } from "./next-token.ts";
import { TextRow } from "./text-row.ts";

test("a constraint may leave a vocabulary of any size: a token of 150,000 is chosen, or the end", () => {
  const size = 150_000;
  const vocabulary = characters(String.fromCodePoint(...Array.from({ length: 100 }, (_, at) => 0x4e00 + at)));
  const many = { ...vocabulary, size, token: (id: number) => vocabulary.token(1 + (id % 100)), decode: (ids: ArrayLike<number>) => Array.from(ids, (id) => vocabulary.token(1 + (id % 100))).join("") };
  const options = { constraint: regularExpression("[^]*"), greedy: true };
  const ends = new Set([7]);
  const row = new TextRow(0, 0, [1], { vocabulary: many, options, ends, constrained: new ConstrainedTokens(options.constraint, many), streams: false });
  const values = new Float32Array(size).fill(-20);
  values[123_456] = -1;
  expect(nextToken(row, { values, tokens: undefined, normalizer: 0 }, ends, options)?.token).toBe(123_456);
});
