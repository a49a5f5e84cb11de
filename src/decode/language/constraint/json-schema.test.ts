import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { uniform } from "../../../data/shuffle.ts";
import { ByteAutomaton, DEAD } from "./byte-automaton.ts";
import { jsonSchema } from "./json-schema.ts";
import type { TextConstraint } from "./text-constraint.ts";

const SCHEMAS: Readonly<Record<string, object>> = {
  scalars: { anyOf: [{ type: "integer" }, { type: ["number", "null"] }, { type: "boolean" }, { const: "x\"y\n" }, { enum: [1, "é", null, [1, 2], { a: 1 }] }] },
  "a person": {
    $schema: "http://json-schema.org/draft-07/schema#", type: "object", additionalProperties: false, required: ["name"],
    properties: { age: { type: "integer" }, name: { type: "string", minLength: 1, maxLength: 6 }, "a \"b\" .*": { type: "boolean" }, tags: { type: "array", items: { type: "string", maxLength: 2 }, maxItems: 3 } },
  },
  "nothing required": { type: "object", properties: { a: { type: "null" }, b: { type: "null" }, c: { type: "null" } } },
  "only the last required": { type: "object", properties: { a: { type: "null" }, b: { type: "null" } }, required: ["b"] },
  "no properties": { type: "object" },
  patterns: { type: "array", items: { type: "string", pattern: "^[A-Z][^0-9]?-\\d+$", maxLength: 5 }, minItems: 2, maxItems: 4 },
  "a pattern anywhere": { type: "string", pattern: "\\d", maxLength: 4 },
  "patterns of which one begins": { type: "string", pattern: "1|^2", maxLength: 3 },
  "patterns of which one ends": { type: "string", pattern: "1$|2", maxLength: 3 },
  "listed values of a type": { type: ["string", "array"], enum: ["a", 1, null, [2], { b: 3 }] },
  references: { $defs: { point: { type: "array", items: { type: "number" }, minItems: 2, maxItems: 2 } }, type: "object", properties: { from: { $ref: "#/$defs/point" }, to: { $ref: "#/$defs/point" } }, required: ["from", "to"] },
  "an empty array": { type: "array", items: { type: "null" }, maxItems: 0 },
};

/** Walks at random, as a model without any sense would write, until a text is whole. */
function randomText(constraint: TextConstraint, seed: number): string {
  const automaton = new ByteAutomaton(constraint.automaton);
  const bytes: number[] = [];
  let state = automaton.initial;
  for (let place = 0; place < 4000; place++) {
    const possible = Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => automaton.next(state, byte) !== DEAD);
    const ends = automaton.accepts(state) && (possible.length === 0 || uniform(seed, place, 1) < 0.3);
    if (ends) return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    // Quotation marks, commas and brackets are as likely as all else, so that texts come to an end.
    const closing = possible.filter((byte) => "\",]}".includes(String.fromCharCode(byte)));
    const among = closing.length > 0 && uniform(seed, place, 2) < 0.5 ? closing : possible;
    const byte = among[Math.floor(uniform(seed, place) * among.length)] ?? 0;
    bytes.push(byte);
    state = automaton.next(state, byte);
  }
  throw new Error(`No end after ${bytes.length} bytes.`);
}

describe("JSON Schema", () => {
  test.each(Object.entries(SCHEMAS))("%s: every text is valid", (_name, schema) => {
    const constraint = jsonSchema(schema);
    const validate = new Ajv({ strict: false }).compile(schema);
    const texts = Array.from({ length: 60 }, (_, seed) => randomText(constraint, seed));
    for (const text of texts) expect(validate(JSON.parse(text)), text).toBe(true);
    expect(new Set(texts).size).toBeGreaterThan(constraint.automaton.isFinite ? 0 : 20);
  });

  test("allows the orders and omissions that it should", () => {
    const { automaton } = jsonSchema(SCHEMAS["nothing required"]);
    const accepts = (text: string): boolean => automaton.test(Array.from(text, (character) => character.codePointAt(0) ?? 0));
    expect(["{}", "{\"a\":null}", "{\"b\": null}", "{\"a\":null, \"c\":null}", "{\"a\":null,\"b\":null,\"c\":null}"].every(accepts)).toBe(true);
    expect(["{\"b\":null,\"a\":null}", "{,\"a\":null}", "{\"a\":null,}", "{\"d\":null}", "{\"a\":null \"b\":null}"].some(accepts)).toBe(false);
  });

  test.each(["1|^2", "^1|2", "1$|2", "^1$|2$", ""])("texts with the pattern %s are those in which JavaScript finds it", (pattern) => {
    const { automaton } = jsonSchema({ type: "string", pattern, maxLength: 3 });
    const own = new RegExp(pattern, "u");
    for (const text of ["", ...["1", "2", "3"].flatMap((a) => [a, ...["1", "2", "3"].flatMap((b) => [a + b, ...["1", "2", "3"].map((c) => a + b + c)])])]) {
      expect(automaton.test(Array.from(`"${text}"`, (character) => character.codePointAt(0) ?? 0)), text).toBe(own.test(text));
    }
  });

  test("says what is wrong with a schema, and where", () => {
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [{ type: "strin" }, /invalid at #\/type: expected one of string, number/], [7, /invalid at #: /], [{}, /allows any value at #; give type/],
      [{ type: "object", properties: { a: { type: "string", format: "date" } } }, /has "format" at #\/properties\/a, which is not supported/],
      [{ type: "array" }, /array without items at #/], [{ type: "string", minLength: 3, maxLength: 1 }, /at least 3 and at most 1 characters/],
      [{ type: "object", required: ["b"] }, /requires "b" at #/], [{ $ref: "#/$defs/a" }, /refers to #\/\$defs\/a at #, which it does not hold/],
      [{ $defs: { tree: { type: "array", items: { $ref: "#/$defs/tree" } } }, $ref: "#/$defs/tree" }, /from within itself/],
      [{ type: "string", pattern: "(" }, /pattern of # is no regular expression/], [{ type: "string", pattern: "^\"$" }, /No text matches the JSON Schema/],
      [{ type: "string", enum: ["ab"], maxLength: 1 }, /has "maxLength" beside "enum" at #, which are not supported together/],
      [{ anyOf: [{ type: "null" }], type: "object", properties: {} }, /has "properties", "type" beside "anyOf" at #/],
      [{ type: "string", enum: [1] }, /No text matches the JSON Schema/],
    ];
    for (const [schema, message] of bad) expect(() => jsonSchema(schema)).toThrow(message);
  });
});
