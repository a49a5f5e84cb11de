import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openLanguageModel } from "../exchange/open-language-model.ts";
import { writeLanguageModel } from "../exchange/write-language-model.ts";
import { lastLine } from "./fixtures/command-line.ts";
import { main } from "./program.ts";

const tiny = fileURLToPath(new URL("../exchange/fixtures/tiny-llama", import.meta.url));
const stories = fileURLToPath(new URL("../../../shared/data/stories260K", import.meta.url));
const hasStories = existsSync(stories);
let folder = "";
beforeAll(async () => void (folder = await mkdtemp(join(tmpdir(), "decade-generate-"))));
afterAll(() => rm(folder, { recursive: true }));

async function decade(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(args, { out: (part) => out.push(part), err: (part) => err.push(part), interactive: false });
  return { code, out: out.join(""), err: err.join("") };
}

describe("decade generate", () => {
  test.skipIf(!hasStories)("writes the expected text of an imported model (skipped where ../shared/data is absent)", async () => {
    const imported = join(folder, "stories");
    expect((await decade("import", stories, "--output", imported)).code).toBe(0);
    const expected = await readFile(join(stories, "expected-greedy-200.txt"), "utf8");
    expect(await decade("generate", imported, "", "--greedy", "--max-tokens", "200")).toEqual({ code: 0, out: expected, err: "" });
    const { out } = await decade("generate", stories, "", "--greedy", "--max-tokens", "200", "--json", "--draft", imported);
    const result = lastLine(out) as { text: string; tokens: number[]; tokensPerSecond: number; reason: string };
    expect([result.text, result.tokens.length, result.reason, result.tokensPerSecond > 0]).toEqual([expected, 200, "length", true]);
  });

  test.skipIf(!hasStories)("keeps to a schema and to an expression (skipped where ../shared/data is absent)", async () => {
    const schema = join(folder, "schema.json");
    await writeFile(schema, JSON.stringify({ type: "object", properties: { name: { type: "string", maxLength: 10 }, age: { type: "integer" } }, required: ["name", "age"] }));
    const json = await decade("generate", stories, "Once upon a time", "--json-schema", schema, "--temperature", "0.8");
    expect(JSON.parse(json.out)).toEqual({ name: expect.any(String) as string, age: expect.any(Number) as number });
    const texts = await decade("generate", stories, "Lily", "--regex", " (ran|sat)( and (ran|sat))?\\.", "--samples", "3");
    expect(texts.out).toMatch(/^--- 1\n (ran|sat)( and (ran|sat))?\.\n--- 2\n.*\n--- 3\n.*\n$/);
  });

  test("prints log-probabilities and the likeliest other tokens", async () => {
    const { code, out } = await decade("generate", tiny, "a", "--max-tokens", "3", "--seed", "4", "--samples", "2", "--json", "--logprobs", "2");
    const { samples } = lastLine(out) as { samples: { logProbability: number; details: { logProbability: number; alternatives: { logProbability: number }[] }[] }[] };
    expect([code, samples.length]).toEqual([0, 2]);
    for (const { logProbability, details } of samples) {
      expect(details.reduce((sum, detail) => sum + detail.logProbability, 0)).toBeCloseTo(logProbability, 9);
      for (const detail of details) expect(detail.alternatives[0]?.logProbability).toBeGreaterThanOrEqual(detail.logProbability);
    }
  });

  test("says in a sentence that a model's weights are no numbers", async () => {
    const broken = join(folder, "nan");
    const contents = await openLanguageModel(tiny);
    for (const values of contents.parameters.values()) values.fill(NaN);
    await writeLanguageModel(broken, contents);
    for (const how of [["--greedy"], ["--seed", "1"]]) {
      expect(await decade("generate", broken, "a", ...how)).toEqual({ code: 1, out: "", err: expect.stringMatching(/^decade: .*weights may hold NaN.*\n$/) as string });
    }
  });

  test("says what does not go together, and what is wrong", async () => {
    const broken = join(folder, "broken.json");
    await writeFile(broken, "{");
    const cases: readonly (readonly [string[], number, RegExp])[] = [
      [["--greedy", "--top-p", "0.5"], 2, /leave them or --greedy out/], [["--regex", "a", "--json-schema", broken], 2, /leave one out/],
      [["--logprobs"], 2, /add --json/], [["--guesses", "2"], 2, /add --draft/], [["--top-p", "2"], 2, /Expected a probability above 0 and up to 1/],
      [["--json-schema", broken], 1, /broken\.json is not JSON/], [["--regex", "a("], 1, /is no regular expression/],
      [["--draft", join(folder, "absent")], 1, /There is no folder .*absent; give a trained run/], [["--stop", ""], 1, /stop text is empty/],
      [["--json-schema", join(folder, "absent.json")], 1, /absent\.json does not exist; give the path/],
    ];
    for (const [flags, code, message] of cases) {
      expect(await decade("generate", tiny, "a", "--max-tokens", "2", ...flags)).toEqual({ code, out: "", err: expect.stringMatching(message) as string });
    }
    const long = await decade("generate", tiny, "a b ".repeat(400));
    expect(long).toEqual({ code: 1, out: "", err: expect.stringMatching(/^decade: Prompt 1 has \d+ tokens, but the model can look at \d+; shorten it\.\n$/) as string });
  });
});
