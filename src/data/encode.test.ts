import { expect, test } from "vitest";
import { Tokenizer } from "../text/index.ts";
import { encodePairs } from "./encode.ts";

test("encodePairs keeps order and counts what it leaves out", async () => {
  const tokenizer = await Tokenizer.train({ kind: "symbol" }, ["a b c d"]);
  const pairs = [
    { source: "a b", target: "c" },
    { source: "a b c", target: "d" },
    { source: "a", target: "a b c d" },
    { source: " ", target: "a" },
    { source: "d", target: "a b c" },
  ];
  const { examples, dropped } = encodePairs(pairs, tokenizer, tokenizer, {
    maximumSourceLength: 2,
    maximumTargetLength: 3,
  });
  expect(examples).toEqual([
    { source: Int32Array.of(4, 5), target: Int32Array.of(6) },
    { source: Int32Array.of(7), target: Int32Array.of(4, 5, 6) },
  ]);
  expect(dropped).toEqual({ tooLong: 2, empty: 1 });
  expect(encodePairs(pairs, tokenizer, tokenizer).dropped).toEqual({ tooLong: 0, empty: 1 });
});
