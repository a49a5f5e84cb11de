import { expect, it } from "vitest";
import { fc, test } from "@fast-check/vitest";
import { renderSvg } from "../../plot/index.ts";
import { byTokens, envelope, lossChart, sizeChart } from "./sweep-charts.ts";
import type { SweepRow } from "./sweep-table.ts";

function row(parameters: number, tokens: number, loss: number, layers = 2): SweepRow {
  return {
    run: "runs/a/b", name: "a", parameters, total_parameters: parameters, tokens, unique_tokens: tokens, epochs: 1, flops: 6 * parameters * tokens, six_nd: 6 * parameters * tokens,
    loss, best_loss: loss, seconds: 1, learning_rate: 0.01, layers, width: 16, steps: 10, seed: 0,
  };
}

const amount = fc.integer({ min: 1, max: 1e6 });

test.prop([fc.array(fc.tuple(amount, amount, fc.double({ min: 1, max: 9, noNaN: true })), { minLength: 1, maxLength: 30 })])(
  "the envelope holds the trainings to which none of at most as much compute comes up", (cells) => {
    const rows = cells.map(([parameters, tokens, loss]) => row(parameters, tokens, loss));
    const isLowest = (each: SweepRow): boolean => rows.every((other) => other === each || other.flops > each.flops || other.loss > each.loss);
    const kept = envelope(rows);
    for (const each of rows) if (isLowest(each)) expect(kept).toContain(each);
    for (const [at, each] of kept.entries()) expect(each.loss).toBeLessThan(kept[at - 1]?.loss ?? Infinity);
  });

it("pictures name the networks, by depth where a size has several, and the amounts of tokens", async () => {
  const grid = [row(1e4, 1e6, 4), row(1e4, 2e6, 3.8), row(1e5, 1e6, 3.5), row(1e5, 2.01e6, 3.2)];
  const picture = await renderSvg(lossChart(grid));
  for (const text of [">10k<", ">100k<", ">envelope<", ">validation loss (nats a token)<"]) expect(picture).toContain(text);
  expect(byTokens(grid).map(([name, rows]) => [name, rows.length])).toEqual([["1M", 2], ["2M", 2]]);
  expect(await renderSvg(sizeChart(byTokens(grid)))).toContain(">model size N (parameters)<");
  const deep = await renderSvg(lossChart([row(1e6, 1e6, 4, 1), row(1.001e6, 1e6, 3, 4)]));
  for (const text of [">1M, 1 layer<", ">1M, 4 layers<"]) expect(deep).toContain(text);
  expect(byTokens([row(1e6, 1e6, 4, 1), row(1e6, 1e6, 3, 4)])).toEqual([]);
});

it("tokens that are seen again are told apart", async () => {
  const again = (parameters: number, loss: number): SweepRow => ({ ...row(parameters, 4e6, loss), unique_tokens: 1e6, epochs: 4 });
  const rows = [row(1e4, 1e6, 4), row(1e4, 4e6, 3), again(1e4, 3.4), row(1e5, 1e6, 3.9), row(1e5, 4e6, 2.8), again(1e5, 3.3)];
  expect(byTokens(rows).map(([name, { length }]) => [name, length])).toEqual([["1M", 2], ["4M", 2], ["4M of 1M", 2]]);
  const picture = await renderSvg(lossChart(rows));
  expect(picture).toContain("dashed lines and diamonds: tokens seen again");
  expect(picture.match(/stroke-dasharray="6,4"/g)).toHaveLength(2); // one for each network
  expect(await renderSvg(lossChart(rows.filter(({ epochs }) => epochs === 1)))).not.toContain("stroke-dasharray");
});
