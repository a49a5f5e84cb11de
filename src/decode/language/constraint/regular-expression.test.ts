import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ByteAutomaton, DEAD } from "./byte-automaton.ts";
import { regularExpression } from "./regular-expression.ts";

const EXPRESSIONS: readonly (readonly [string, string])[] = [
  ["(ab|a+b?c)*", ""], ["^a.{1,3}c$", ""], ["^a|bc$", ""], ["[^b]*", ""], ["[à-ÿ猫😀]+", ""], ["(?=a)[abc]+", ""], ["(?!ab)[abc]{2}", ""],
  ["ÀB?c", "i"], ["a.b", "s"], [".*", ""], ["\\p{L}{2}", ""], ["", ""], ["\u0800|\u{10000}|\u07ff|\uffff", ""],
];
const texts = fc.string({ unit: fc.constantFrom("a", "b", "c", "A", "\n", "é", "à", "猫", "😀", "\u0800", "\u07ff", "\u{10000}", "\uffff"), maxLength: 5 });

describe("regular expressions, byte by byte", () => {
  test.each(EXPRESSIONS)("/%s/%s accepts what JavaScript's own matches as a whole", (source, flags) => {
    const automaton = new ByteAutomaton(regularExpression(source, flags).automaton);
    const own = new RegExp(`^(?:${source})$`, `${flags}u`);
    fc.assert(fc.property(texts, (text) => {
      const states = [...new TextEncoder().encode(text)].reduce<number[]>((path, byte) => [...path, automaton.next(path.at(-1) ?? DEAD, byte)], [automaton.initial]);
      expect(automaton.accepts(states.at(-1) ?? DEAD)).toBe(own.test(text));
    }), { numRuns: 300 });
  });

  test("every byte that is possible can be followed to the end of a text", () => {
    const automaton = new ByteAutomaton(regularExpression("[ࠀ-ꀀ😀\\uD800-\\uDFFF]x").automaton);
    const canEnd = (state: number, left: number): boolean => automaton.accepts(state)
      || (left > 0 && Array.from({ length: 256 }, (_, byte) => automaton.next(state, byte)).some((next) => next !== DEAD && canEnd(next, left - 1)));
    const reached = new Set([automaton.initial]);
    for (const state of reached) {
      expect(canEnd(state, 5)).toBe(true);
      for (let byte = 0; byte < 256; byte++) {
        const next = automaton.next(state, byte);
        if (next !== DEAD) reached.add(next);
      }
    }
    expect(reached.size).toBeGreaterThan(20);
  });

  test("say what they do not support", () => {
    const bad: readonly (readonly [string, RegExp])[] = [
      ["a(", /The expression \/a\(\/ is no regular expression: .*Unterminated group/], ["(a+)\\1", /backreference/], ["a\\b", /assertion/],
      ["(?:a{500}){500}", /more than 20000 states/], ["[]", /No text matches the expression/],
    ];
    for (const [source, message] of bad) expect(() => regularExpression(source)).toThrow(message);
    expect(() => regularExpression("a", "g")).toThrow(/flags .* are "g"; i and s are possible/);
  });
});
