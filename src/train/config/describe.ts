/** The configuration's documentation, generated from its schema. */
import { runJsonSchema } from "./config.ts";
import { grpoJsonSchema } from "./grpo.ts";
import { phraseRunJsonSchema } from "./phrase.ts";
import { textRunJsonSchema } from "./text.ts";
import { alternatives, fieldsOf, kindOf, typeText, type FieldSchema } from "./schema.ts";

/** One documented field. */
export interface FieldDescription {
  /** Dotted path, as `--set` takes it: `training.optimizer.learningRate`. */
  readonly path: string;
  /** What is accepted: `integer ≥ 1`, `"none" | "dot"`. */
  readonly type: string;
  /** The value of an absent field; undefined when it has none. */
  readonly default: unknown;
  readonly description: string;
  /** Whether it must be given. */
  readonly required: boolean;
  /** The choice that the field belongs to, where it does not always exist: `training.optimizer.kind = "sgd"`. */
  readonly when?: string;
}

/** What a configuration is for. */
export type ConfigKind = "pairs" | "text" | "phrases" | "rewards";

const schemas: Readonly<Record<ConfigKind, FieldSchema>> = { pairs: runJsonSchema, text: textRunJsonSchema, phrases: phraseRunJsonSchema, rewards: grpoJsonSchema };

/** Every field of a configuration, of pairs, of text, of a phrase-based translator or of learning from rewards, in the order in which it is written, parents before their fields. */
export function describeConfig(kind: ConfigKind = "pairs"): FieldDescription[] {
  return describeFields(schemas[kind], "");
}

function describeFields(schema: FieldSchema, prefix: string, when?: string): FieldDescription[] {
  return [...fieldsOf(schema)].flatMap(([name, field]) => {
    const path = prefix === "" ? name : `${prefix}.${name}`;
    const own: FieldDescription = {
      path,
      type: typeText(field),
      default: field.default,
      description: field.description ?? "",
      required: schema.required?.includes(name) ?? false,
      ...(when === undefined ? {} : { when }),
    };
    const choices = alternatives(field);
    const inner = choices.flatMap((choice) =>
      describeFields(choice, path, choices.length > 1 ? choiceText(choice, path) : when),
    );
    return [own, ...inner];
  });
}

function choiceText(choice: FieldSchema, path: string): string {
  const kind = kindOf(choice);
  if (kind !== undefined) return `${path}.kind = ${JSON.stringify(kind)}`;
  return `${path} = ${typeText(choice)}`;
}
