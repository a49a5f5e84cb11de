import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { fc, test } from "@fast-check/vitest";
import { Tokenizer as Binding } from "tokenizers";
import { describe, expect, it } from "vitest";
import { spellBytes } from "./byte-level.ts";
import { Tokenizer } from "./tokenizer.ts";

const GPT2 = fileURLToPath(new URL("../../../shared/data/gpt2-tokenizer", import.meta.url));
const present = existsSync(GPT2);
const gpt2 = present ? await Tokenizer.load(GPT2) : undefined;
const peer = gpt2 === undefined ? undefined : Binding.fromString(gpt2.toJson());

const anyText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.array(fc.constantFrom("the", " The", "'s", "'ll", "'", " ", "  ", "\n", "\t ", "\u00a0", "\u3000", "café", "日本", "12", "½", "_", "…", "\u0301", "👩‍🚀"), { maxLength: 30 })
    .map((parts) => parts.join("")),
).filter((text) => Buffer.from(text).toString() === text);

describe.skipIf(!present)("GPT-2's tokenizer (skipped where ../shared/data is absent)", () => {
  it("gives published ids", () => {
    // Radford et al. 2019; the ids are those of OpenAI's encoder.
    expect(Array.from(gpt2?.encode("Hello world") ?? [])).toEqual([15496, 995]);
    expect(gpt2?.size).toBe(50_257);
    expect(gpt2?.endId).toBe(50_256);
  });

  test.prop([anyText], { numRuns: 500 })("gives the ids of the tokenizers package and restores the text", async (text) => {
    const ids = Array.from(gpt2?.encode(text) ?? []);
    expect(ids).toEqual((await peer?.encode(text))?.getIds());
    expect(gpt2?.decode(ids)).toBe(text);
  });

  it("merges long words as the package does", async () => {
    const words = ["a".repeat(1000), "日本語".repeat(300), "abcabcabd".repeat(200), "-".repeat(777), " ".repeat(999)];
    for (const word of words) expect(Array.from(gpt2?.encode(word) ?? [])).toEqual((await peer?.encode(word))?.getIds());
  });

  it("takes text that spells its end token as text", () => {
    const ids = Array.from(gpt2?.encode("a<|endoftext|>b") ?? []);
    expect(ids).not.toContain(50_256);
    expect(gpt2?.decode([...ids, 50_256])).toBe("a<|endoftext|>b");
  });

  it("reads the older layout of tokenizer.json: no type, merges as strings", async () => {
    const file = JSON.parse(gpt2?.toJson() ?? "{}") as { model: { type?: string; merges: unknown[] } };
    delete file.model.type;
    file.model.merges = file.model.merges.map((merge) => (merge as string[]).join(" "));
    const folder = await mkdtemp(join(tmpdir(), "decade-gpt2-"));
    await writeFile(join(folder, "tokenizer.json"), JSON.stringify(file));
    expect(Array.from((await Tokenizer.load(folder)).encode("Hello world's end"))).toEqual(Array.from(gpt2?.encode("Hello world's end") ?? []));
    await rm(folder, { recursive: true });
  });
});

it("spells each byte with a symbol of its own", () => {
  const all = Array.from({ length: 0x800 }, (_, code) => spellBytes(String.fromCodePoint(code))).join("");
  // UTF-8 up to U+07FF uses the bytes 00-7F and 80-DF without C0 and C1.
  expect(new Set(all).size).toBe(128 + 96 - 2);
  expect(spellBytes(" é\n")).toBe("ĠÃ©Ċ");
});
