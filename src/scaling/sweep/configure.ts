import { resolveRun, runJsonSchema, type RunConfig } from "../../train/config/config.ts";
import { applyOverrides } from "../../train/config/overrides.ts";
import { isTextRun, resolveTextRun, textRunJsonSchema, type TextRunConfig } from "../../train/config/text.ts";
import { ConfigError } from "../../train/config/problems.ts";
import type { Sweep } from "./sweep-schema.ts";

/** The configuration of a training: of pairs, or of text. */
export type TrainingConfig = RunConfig | TextRunConfig;

/** Fields of a configuration by their paths: `{ "model.layers": 2 }`. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * A sweep's base configuration with some fields set.
 *
 * @param what the training, as errors name it
 * @throws ConfigError that lists everything that is wrong
 */
export function configure({ name, directory, base }: Pick<Sweep, "name" | "directory" | "base">, settings: Settings, what = "base"): TrainingConfig {
  const isText = isTextRun(base);
  const overrides = Object.entries(settings).map(([path, value]) => `${path}=${JSON.stringify(value)}`);
  const subject = `The configuration "${what}" of the sweep ${name}`;
  const input = withSubject(subject, () => applyOverrides({ ...base, name, directory }, overrides, isText ? textRunJsonSchema : runJsonSchema));
  return isText ? resolveTextRun(input, subject) : resolveRun(input, subject);
}

function withSubject<Result>(subject: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw error instanceof ConfigError ? new ConfigError(error.problems.map((problem) => problem.replace(/^--set /, "")), subject) : error;
  }
}
