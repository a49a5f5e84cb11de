import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { mergeSymbols, NO_MERGE, type MergeTable } from "./merge-symbols.ts";

/** Merges of pairs of small numbers; a merge of rank r makes the symbol 100 + r. */
const anyTable = fc.uniqueArray(fc.tuple(fc.nat(3), fc.nat(3)), { selector: ([left, right]) => left * 4 + right }).chain((base) =>
  fc.array(fc.tuple(fc.nat(12), fc.nat(12)), { maxLength: 12 }).map((more) => tableOf([...base, ...more.map(([a, b]): [number, number] => [a < 4 ? a : 96 + a, b < 4 ? b : 96 + b])])));

function tableOf(pairs: readonly [number, number][]): MergeTable {
  const ranks = new Map<string, number>();
  for (const pair of pairs) if (!ranks.has(pair.join())) ranks.set(pair.join(), ranks.size);
  return { rank: (left, right) => ranks.get(`${left},${right}`) ?? NO_MERGE, merged: (rank) => 100 + rank };
}

/** As the definition reads: look at all neighbours, merge the best, begin again. */
function byDefinition(symbols: readonly number[], table: MergeTable): number[] {
  const ranks = symbols.slice(1).map((right, at) => table.rank(symbols[at] ?? -1, right));
  const best = Math.min(...ranks, NO_MERGE);
  if (best === NO_MERGE) return [...symbols];
  const at = ranks.indexOf(best);
  return byDefinition([...symbols.slice(0, at), table.merged(best), ...symbols.slice(at + 2)], table);
}

test.prop([anyTable, fc.array(fc.nat(3), { maxLength: 200, size: "max" })])("merges short and long words as defined", (table, symbols) => {
  expect(mergeSymbols([...symbols], table)).toEqual(byDefinition(symbols, table));
});

test("merges a million equal symbols in seconds", () => {
  const doubling = tableOf([[0, 0], ...Array.from({ length: 19 }, (_, rank): [number, number] => [100 + rank, 100 + rank])]);
  expect(mergeSymbols(new Array<number>(2 ** 20).fill(0), doubling)).toEqual([119]);
});
