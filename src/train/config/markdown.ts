/** docs/config.md: every field of each kind of configuration, from their schemas. */
import { describeConfig, type FieldDescription } from "./describe.ts";

const INTRODUCTION = `# Every field of a configuration

Generated from the schemas by \`npx jiti docs/write-config.ts\`. A dash is a field that may be absent; names before a colon are
the kinds that have the field. \`data.test\` has the fields of \`data.validation\`, and \`tokenizer.source\` and
\`tokenizer.target\` have those of \`tokenizer\`.
`;

export function configMarkdown(): string {
  return [
    INTRODUCTION,
    "## Pairs: `defineRun`\n", ...sections(describeConfig("pairs")),
    "## Text: `definePretraining`\n", ...sections(describeConfig("text")),
    "## Phrase-based translators: `definePhraseBased`\n", ...sections(describeConfig("phrases")),
    "## Learning from rewards: `defineGrpo`\n", ...sections(describeConfig("rewards")),
  ].join("\n");
}

function sections(fields: readonly FieldDescription[]): string[] {
  const topLevel = [...new Set(fields.map(({ path }) => path.split(".")[0] ?? ""))];
  const groups = topLevel.map((name) => fields.filter(({ path }) => path === name || path.startsWith(`${name}.`)));
  const alone = groups.filter(({ length }) => length === 1).flat();
  return [
    ...(alone.length === 0 ? [] : [section("The run", alone)]),
    ...groups.filter(({ length }) => length > 1).map((group) => section(`\`${group[0]?.path ?? ""}\``, group)),
  ];
}

function section(title: string, fields: readonly FieldDescription[]): string {
  const kept = fields.filter(({ path }) => !/^data\.test\.|^tokenizer\.(source|target)\./.test(path));
  return [`### ${title}\n`, "| Field | Type | Default | Meaning |", "|---|---|---|---|", ...merged(kept).map(row), ""].join("\n");
}

interface Row extends FieldDescription {
  readonly kinds: readonly string[];
}

/** One row for a field that several kinds have alike. */
function merged(fields: readonly FieldDescription[]): Row[] {
  const rows = new Map<string, Row>();
  for (const field of fields) {
    const { path, type, description, required } = field;
    const key = JSON.stringify([path, type, field.default, description, required]);
    const kind = path.endsWith(".kind") ? [] : kindOf(field);
    const known = rows.get(key);
    rows.set(key, { ...field, kinds: [...new Set([...(known?.kinds ?? []), ...kind])] });
  }
  return [...rows.values()];
}

function kindOf({ when }: FieldDescription): string[] {
  if (when === undefined) return [];
  return [/\.kind = "(.*)"$/.exec(when)?.[1] ?? when.slice(when.indexOf(" = ") + 3)];
}

function row({ path, type, default: standard, required, description, kinds, when }: Row): string {
  const initial = standard !== undefined ? `\`${JSON.stringify(standard)}\`` : required && !(path.endsWith(".kind") && when !== undefined) ? "required" : path.endsWith(".kind") ? "" : "–";
  const whose = kinds.length === 0 ? "" : `${kinds.map((kind) => `\`${kind}\``).join(", ")}: `;
  const kindsOnly = type.replaceAll(/\{ kind: ("[^"]+"), … \}/g, "$1");
  return `| \`${path}\` | \`${kindsOnly.replaceAll("|", "\\|")}\` | ${initial} | ${whose}${description.replaceAll("|", "\\|")} |`;
}
