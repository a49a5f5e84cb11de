import { fc, test as property } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { ABSENT, PairIndex } from "./pair-index.ts";

const pairs = fc.array(fc.tuple(fc.integer({ min: -1, max: 40 }), fc.integer({ min: 0, max: 40 })), { maxLength: 200 });

property.prop([pairs, pairs])("numbers pairs as a map of strings does", (added, asked) => {
  const [index, expected] = [new PairIndex(), new Map<string, number>()];
  for (const [first, second] of added) {
    const key = `${first} ${second}`;
    if (!expected.has(key)) expected.set(key, expected.size);
    expect(index.add(first, second)).toBe(expected.get(key));
  }
  expect(index.size).toBe(expected.size);
  for (const [first, second] of [...added, ...asked]) expect(index.find(first, second)).toBe(expected.get(`${first} ${second}`) ?? ABSENT);
});

test("finds every pair again after it has grown many times", () => {
  const count = 5_000;
  const index = new PairIndex();
  for (let at = 0; at < count; at++) index.add(at * 7919, at % 13);
  for (let at = 0; at < count; at++) {
    const id = index.find(at * 7919, at % 13);
    expect([index.first(id), index.second(id)]).toEqual([at * 7919, at % 13]);
  }
});
