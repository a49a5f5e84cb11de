import { inspectPhraseRun } from "../../phrase/run/inspect-phrase-run.ts";
import { inspectRun } from "../../train/run/inspect.ts";
import { MetricsLog } from "../../train/run/metrics-log.ts";
import type { RunDirectory } from "../../train/run/run-directory.ts";
import type { CurvePoint, RunFacts } from "./audit-report.ts";

/** What a run is: its configuration, its size, its training curve. */
export async function runFacts(directory: RunDirectory, config: { readonly model: { readonly kind: string } }): Promise<RunFacts> {
  const { name, path, metricsFile } = directory;
  const records = await MetricsLog.read(metricsFile);
  return {
    name, path, kind: config.model.kind, ...await sizeOf(directory),
    configuration: flattened(config), curve: records.map(curvePoint).filter((point) => Object.keys(point).length > 1),
  };
}

async function sizeOf(directory: RunDirectory): Promise<Pick<RunFacts, "parameters" | "phrasePairs">> {
  if (await directory.isPhraseRun()) return { phrasePairs: (await inspectPhraseRun(directory.path)).phrasePairs };
  return { parameters: (await inspectRun(directory.path)).parameters };
}

function curvePoint({ step, loss, validationLoss, bleu }: { readonly step: number; readonly [field: string]: unknown }): CurvePoint {
  return {
    step, ...(typeof loss === "number" && { loss }), ...(typeof validationLoss === "number" && { validationLoss }), ...(typeof bleu === "number" && { bleu }),
  };
}

/** The values of a configuration by their dotted paths. */
function flattened(value: unknown, path = ""): Record<string, string | number | boolean> {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return { [path]: value };
  if (typeof value !== "object" || value === null) return {};
  return Object.assign({}, ...Object.entries(value).map(([name, inner]) => flattened(inner, path === "" ? name : `${path}.${name}`))) as Record<string, string | number | boolean>;
}
