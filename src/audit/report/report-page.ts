/** The page of a report. */
import type { Page, PageSection, PageTable } from "../../plot/page.ts";
import { extractionChart } from "../memorization/extraction-chart.ts";
import type { AuditReport, ContaminatedSide, Estimate, PhraseView, ReportedExample } from "./audit-report.ts";
import { curveChart, exposureChart, gapChart, qualityChart, tasksChart } from "./report-charts.ts";

/** Everything that the report has, as one page that needs nothing beside it. */
export function reportPage(report: AuditReport): Page {
  return {
    title: `Audit of ${report.run.name}`,
    sections: [
      ...runSections(report), ...contaminationSections(report), ...memorizationSections(report), ...generalizationSections(report), ...exampleSections(report),
      configurationSection(report),
    ],
  };
}

const grouped = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const count = (value: number): string => grouped.format(value);
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function runSections({ run }: AuditReport): PageSection[] {
  const last = run.curve.at(-1);
  const best = (field: "validationLoss" | "bleu", better: (...values: number[]) => number): number | undefined => {
    const values = run.curve.flatMap((point) => point[field] ?? []);
    return values.length === 0 ? undefined : better(...values);
  };
  const [loss, bleu] = [best("validationLoss", Math.min), best("bleu", Math.max)];
  const size = run.parameters === undefined ? `${count(run.phrasePairs ?? 0)} phrase pairs` : `${count(run.parameters)} parameters`;
  const facts = [
    `${run.path}: a ${run.kind} of ${size}${last === undefined ? "" : `, last logged at step ${count(last.step)}`}.`,
    ...(loss === undefined ? [] : [`Its best loss on validation data is ${loss.toFixed(4)} nats a token.`]),
    ...(bleu === undefined ? [] : [`Its best BLEU on validation pairs is ${bleu.toFixed(2)}.`]),
  ].join(" ");
  const chart = curveChart(run.curve);
  return [{ heading: "The run", text: facts, ...(chart !== undefined && { chart: { draw: chart, caption: "Training, as it was logged." } }) }];
}

function contaminationSections({ contamination, notes }: AuditReport): PageSection[] {
  const { test, sides, contaminated, quality } = contamination;
  const examples = sides[0]?.report.examples ?? 0;
  const rows = quality === undefined ? [] : ([["clean", quality.clean], ["contaminated", quality.contaminated]] as const)
    .flatMap(([name, part]) => part === undefined ? [] : [[name, count(part.examples), ...estimateCells(part, quality.decimals)]]);
  const chart = quality === undefined ? undefined : qualityChart(quality);
  return [
    {
      heading: "Seen before?",
      text: [
        `Of ${count(examples)} examples of ${test}, ${count(contaminated)} (${percent(contaminated / Math.max(1, examples))}) stand in the training data in some form: word for word, in part, or nearly.`,
        ...sides.map(describeSide), ...notes.contamination,
      ],
      table: {
        headings: ["", "examples", "exact", "overlapping", "near duplicates", "training documents"], right: [1, 2, 3, 4, 5],
        rows: sides.map(({ side, report: { examples: all, exact, overlapping, nearDuplicates, training } }) => [side, ...[all, exact, overlapping, nearDuplicates, training.documents].map(count)]),
      },
    },
    ...(quality === undefined || rows.length === 0 ? [] : [{
      heading: "Clean and contaminated examples side by side", text: describeQuality(quality.clean, quality.contaminated),
      ...(chart !== undefined && { chart: { draw: chart, caption: "Bars have 95% bootstrap intervals." } }),
      table: { headings: ["", "examples", quality.measure, "95% interval"], rows, right: [1, 2, 3] },
    }]),
  ];
}

function describeSide({ side, report: { n, commonGrams, common, similarity, shingle, bands, rows } }: ContaminatedSide): string {
  const ignored = commonGrams === 0 ? "" : `; ${count(commonGrams)} that stand in more than ${common} training documents are common phrases and ignored`;
  return `The ${side}: overlaps are ${n}-grams${ignored}. Near duplicates have a Jaccard similarity of ${similarity} or more, of sets of ${shingle} words in a row, and are found with probability 1 − (1 − s^${rows})^${bands}.`;
}

function describeQuality(clean: Estimate | undefined, contaminated: Estimate | undefined): string {
  if (clean === undefined || contaminated === undefined) return `There is no ${clean === undefined ? "clean" : "contaminated"} example to compare with.`;
  const apart = clean.upper < contaminated.lower || contaminated.upper < clean.lower;
  return apart ? "The intervals are apart, so that a figure of the whole test set is not that of examples which the model has not seen." : "The intervals overlap: the difference may be chance.";
}

function memorizationSections({ memorization: { extraction, reproduction }, notes }: AuditReport): PageSection[] {
  const text = [...notes.memorization];
  if (reproduction !== undefined) {
    const rows = ([["training", reproduction.training], ["held out", reproduction.heldOut]] as const).map(([name, part]) => [name, count(part.examples), ...shareCells(part)]);
    return [{ heading: "Remembered?", text, table: { headings: ["pairs", "asked", "target given word for word", "95% interval"], rows, right: [1, 2, 3] } }];
  }
  if (extraction === undefined) return [{ heading: "Remembered?", text }];
  const { exposure, extraction: cells, continuation, fits, membership } = extraction;
  const laws = fits.map(({ by, intercept, slope, slopeError }) => `By ${by}: share = ${intercept.toFixed(3)} + ${slope.toFixed(4)}·log₂(${by}), slope ± ${slopeError.toFixed(4)}.`);
  const told = membership === undefined ? [] : [
    `Of ${count(membership.members)} stretches of training text and ${count(membership.others)} held out, of ${membership.length} tokens, the former have the lower loss, less the reference's, `
    + `with probability ${membership.auroc.toFixed(3)} ± ${membership.standardError.toFixed(3)} (AUROC).`,
  ];
  return [
    {
      heading: "Remembered?", text: [`Sequences of the training text are extracted where the model continues their beginning greedily with their own next ${continuation} tokens.`, ...laws, ...told, ...text],
      chart: { draw: (theme) => extractionChart(extraction, { theme }), caption: "Shares with 95% intervals, by length of prefix and by how often a sequence stands in the training text." },
      table: {
        headings: ["prefix", "repetitions", "sequences", "extracted", "share", "95% interval"], right: [0, 1, 2, 3, 4, 5],
        rows: cells.map(({ prefix, repetitions: [least, most], samples, extracted, share, interval }) => [
          String(prefix), least === most ? count(least) : `${count(least)} to ${count(most)}`, count(samples), count(extracted), percent(share), `${percent(interval.lower)} to ${percent(interval.upper)}`,
        ]),
      },
    },
    ...(exposure.length === 0 ? [] : [{
      heading: "Exposure of canaries", text: "log₂ of the secrets that a canary might have had, less log₂ of its rank among them; a canary is found where no other secret is likelier.",
      chart: { draw: exposureChart(exposure), caption: "Exposure in bits, beside what is possible." },
      table: {
        headings: ["repeats", "exposure", "of", "rank", "canary", ""], right: [0, 1, 2, 3],
        rows: exposure.map(({ repeats, exposure: bits, fullExposure, rank, before, secret, after, found }) => [
          count(repeats), bits.toFixed(2), fullExposure.toFixed(2), count(rank), `${before}${secret}${after}`, found ? "found" : "",
        ]),
      },
    }]),
  ];
}

function generalizationSections({ generalization: { gap, tasks }, notes }: AuditReport): PageSection[] {
  const sections: PageSection[] = [];
  if (gap !== undefined) {
    const { training, heldOut, auroc, standardError, aurocAgainstReference } = gap;
    sections.push({
      heading: "Understood?",
      text: [
        `What it was trained on costs ${training.score.toFixed(3)} nats a token, what was held out ${heldOut.score.toFixed(3)}: ${(heldOut.score - training.score).toFixed(3)} more. By its loss alone, a training example is told from one held out with probability ${auroc.toFixed(3)} ± ${standardError.toFixed(3)}; ½ would be chance.`,
        ...(aurocAgainstReference === undefined ? [] : [`By its loss less the reference model's, with probability ${aurocAgainstReference.toFixed(3)}.`]), ...notes.generalization,
      ],
      chart: { draw: gapChart(gap), caption: "Loss with 95% bootstrap intervals." },
    });
  }
  if (tasks !== undefined) {
    const cells = (share: { accuracy: number; total: number; interval: { lower: number; upper: number } } | null): string[] => (
      share === null ? ["-", "-"] : [percent(share.accuracy), `${percent(share.interval.lower)} to ${percent(share.interval.upper)}`]);
    sections.push({
      heading: `Near to training and far from it: ${tasks.task}`, text: [...new Set(tasks.columns.map(({ name, trainedOn }) => `${name}: trained on ${trainedOn}.`))],
      chart: { draw: tasksChart(tasks), caption: "Accuracy with 95% intervals, by distance from training." },
      table: {
        headings: ["", "examples", "in distribution", "95% interval", "out of distribution", "95% interval"], right: [1, 2, 3, 4, 5],
        rows: tasks.columns.map(({ name, examples, inDistribution, outOfDistribution }) => [name, examples === null ? "-" : count(examples), ...cells(inDistribution), ...cells(outOfDistribution)]),
      },
    });
  }
  if (sections.length > 0) return gap === undefined && notes.generalization.length > 0 ? [{ heading: "Understood?", text: notes.generalization }, ...sections] : sections;
  return [{ heading: "Understood?", text: [...notes.generalization, "Accuracy by distance from training is measured by `decade audit generalization`; name its output with --generalization."] }];
}

function exampleSections({ examples, contamination }: AuditReport): PageSection[] {
  if (examples.length === 0) return [];
  const text = `Examples of ${contamination.test}. Those with a triangle stand in the training data in some form.`;
  return [{ heading: "Examples", text, table: { headings: ["example", "", ""], rows: examples.flatMap(exampleRows), wrap: true } satisfies PageTable }];
}

function exampleRows({ index, flags, input, reference, output, phrases }: ReportedExample): string[][] {
  const seen = flags.map(({ kind, side, document, score, text }) => (
    kind === "exact" ? `exact (${side}, document ${document})` : `${kind} ${score.toFixed(2)} (${side}, document ${document}): ${text}`)).join("; ");
  const lines = [
    ["given", input], ["reference", reference], ["model", output],
    ...(phrases === undefined || phrases.output === output ? [] : [["phrase-based", phrases.output]]),
    ...(phrases === undefined ? [] : [["phrases", describeUsed(phrases)], ["table holds", describeHeld(phrases)]]),
    ...(flags.length === 0 ? [] : [["seen", seen]]),
  ];
  return lines.map(([name = "", text = ""], at) => [at === 0 ? `${index + 1}${flags.length === 0 ? "" : " ▲"}` : "", name, text]);
}

function describeUsed({ used }: PhraseView): string {
  return used.map(({ source, target, held }) => (held ? `${source} → ${target}` : `${source} (not in the table, copied)`)).join(" | ");
}

function describeHeld({ held }: PhraseView): string {
  return held.map(({ words, phrases, held: known }) => `${known} of ${phrases} ${words === 1 ? "single words" : `phrases of ${words}`}`).join(", ");
}

function configurationSection({ run }: AuditReport): PageSection {
  return { heading: "Configuration", table: { headings: ["field", "value"], rows: Object.entries(run.configuration).map(([field, value]) => [field, String(value)]), wrap: true } };
}

function estimateCells({ score, lower, upper }: Estimate, digits: number): string[] {
  return [score.toFixed(digits), `${lower.toFixed(digits)} to ${upper.toFixed(digits)}`];
}

function shareCells({ score, lower, upper }: Estimate): string[] {
  return [percent(score), `${percent(lower)} to ${percent(upper)}`];
}
