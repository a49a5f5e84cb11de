import { describe, expect } from "vitest";
import { fc, it } from "@fast-check/vitest";
import { chinchilla } from "./chinchilla.ts";
import { dataConstrained, effectiveScale, optimalParameters } from "./data-constrained.ts";
import { kaplan } from "./kaplan.ts";
import { publishedLaws } from "./published.ts";

const { "hoffmann-2022": hoffmann, "kaplan-2020": kaplan2020, "muennighoff-2023": muennighoff } = publishedLaws;

describe("published laws", () => {
  it("gives the loss of the authors' code where data is repeated", () => {
    const loss = dataConstrained.loss(muennighoff.parameters, { parameters: 6.34e9, tokens: 242e9, uniqueTokens: 25e9 });
    expect(Math.abs(loss - 2.2256440889984477)).toBeLessThan(1e-12);
  });

  it("gives Chinchilla's parts of the loss of Gopher", () => {
    // Hoffmann et al. 2022, appendix D.3: 280 billion weights and 300 billion tokens add 0.052 and 0.251 nats to 1.69.
    const loss = chinchilla.loss(hoffmann.parameters, { parameters: 280e9, tokens: 300e9 });
    expect(loss).toBeCloseTo(1.69 + 0.052 + 0.251, 2);
  });

  it("is Kaplan's law of one variable where the other is without end", () => {
    const { Nc, Dc, alphaN, alphaD } = kaplan2020.parameters;
    expect(kaplan.loss(kaplan2020.parameters, { parameters: 1e8, tokens: Infinity })).toBeCloseTo((Nc / 1e8) ** alphaN, 12);
    expect(kaplan.loss(kaplan2020.parameters, { parameters: Infinity, tokens: 1e9 })).toBeCloseTo((Dc / 1e9) ** alphaD, 12);
  });
});

const scales = fc.record({ parameters: fc.double({ min: 1e5, max: 1e12, noNaN: true }), tokens: fc.double({ min: 1e6, max: 1e13, noNaN: true }) });

describe("repeated data", () => {
  it.prop([scales])("is Chinchilla's law while nothing is repeated and the model is no larger than the data fills", ({ parameters, tokens }) => {
    const small = Math.min(parameters, optimalParameters(muennighoff.parameters, tokens));
    const scale = { parameters: small, tokens, uniqueTokens: tokens };
    expect(dataConstrained.loss(muennighoff.parameters, scale)).toBeCloseTo(chinchilla.loss(muennighoff.parameters, scale), 12);
  });

  it.prop([scales, fc.double({ min: 1, max: 1e4, noNaN: true })])("is worth less than new data, and never more than 1 + RD epochs", ({ parameters, tokens }, epochs) => {
    const uniqueTokens = tokens / epochs;
    const effective = effectiveScale(muennighoff.parameters, { parameters, tokens, uniqueTokens });
    expect(effective.tokens).toBeLessThanOrEqual(tokens * (1 + 1e-12));
    expect(effective.tokens).toBeLessThanOrEqual(uniqueTokens * (1 + muennighoff.parameters.RD) * (1 + 1e-12));
    expect(effective.parameters).toBeLessThanOrEqual(parameters * (1 + 1e-12));
  });

  it("is best spent where one more per cent of model or of data lowers the loss alike", () => {
    const tokens = 25e9;
    const parameters = optimalParameters(hoffmann.parameters, tokens);
    const { A, B, alpha, beta } = hoffmann.parameters;
    expect((alpha * A) / parameters ** alpha).toBeCloseTo((beta * B) / tokens ** beta, 12);
  });
});
