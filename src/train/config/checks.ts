/** The rules that bind several fields of a configuration to each other. */
import { isObject, valueAt } from "./schema.ts";

/**
 * Checks the rules between fields. They are checked on the unparsed input, so that they are reported together with
 * what is wrong with single fields.
 *
 * @returns a sentence for each rule that is broken
 */
export function crossChecks(input: unknown): string[] {
  return broken(pairRules, input);
}

/** The same for a run that learns from text. */
export function textCrossChecks(input: unknown): string[] {
  return broken(textRules, input);
}

/** The same for a phrase-based translator. */
export function phraseCrossChecks(input: unknown): string[] {
  return broken(phraseRules, input);
}

type Read = (path: string) => unknown;
type Rule = (read: Read) => string | undefined;

function broken(rules: readonly Rule[], input: unknown): string[] {
  const read = (path: string): unknown => valueAt(input, path.split("."));
  return rules.flatMap((rule) => rule(read) ?? []);
}

function oneDuration(read: Read): string | undefined {
  const [epochs, steps] = [read("training.epochs"), read("training.steps")];
  if (epochs === undefined || steps === undefined) return undefined;
  return (
    `training.epochs: received ${JSON.stringify(epochs)} beside training.steps ${JSON.stringify(steps)}, but only one of them says ` +
    `how long to train; leave the other out.`
  );
}

function headsDivide(read: Read): string | undefined {
  const kind = read("model.kind");
  if (kind !== "gpt" && kind !== "seq2seq-transformer") return undefined;
  const [dimension, heads] = [read("model.dimension") ?? (kind === "gpt" ? 128 : 256), read("model.heads") ?? 4];
  if (typeof dimension !== "number" || typeof heads !== "number" || dimension % heads === 0) return undefined;
  return `model.heads: received ${heads}, which does not divide model.dimension ${dimension}; choose one that does.`;
}

/** Files that may be given without their kind, where the training pairs are files of that kind. */
function shorthandNeedsParallel(split: "validation" | "test"): Rule {
  return (read) => {
    const kind = read("data.kind");
    const files = read(`data.${split}`);
    const shorthand = isObject(files) && files.kind === undefined && files.source !== undefined;
    if (!shorthand || kind === "parallel") return undefined;
    return (
      `data.${split}.kind: nothing was given, but it may only be left out when data.kind is "parallel"; add ` +
      `kind: "parallel".`
    );
  };
}

function somethingMustBeLeft(read: Read): string | undefined {
  const [validation, test] = [read("data.validation.fraction"), read("data.test.fraction")];
  if (typeof validation !== "number" || typeof test !== "number" || validation + test < 1) return undefined;
  return (
    `data.validation.fraction: received ${validation} beside data.test.fraction ${test}, which leaves no pairs to ` +
    `train on; their sum must be below 1.`
  );
}

const textRules: readonly Rule[] = [
  oneDuration,

  function tokenizerWhereTextIsRaw(read) {
    const kind = read("data.kind");
    if (kind === "shards" || kind === "mixture") {
      return read("tokenizer") === undefined ? undefined : `tokenizer: given beside data.kind "${kind}", but shards have the tokenizer that they were made with; leave it out.`;
    }
    if (!["text", "package", "completions"].includes(String(kind)) || (read("tokenizer") ?? read("from")) !== undefined) return undefined;
    return 'tokenizer: nothing was given, but the data is not cut into tokens; say how it becomes tokens, for example { kind: "bpe", vocabulary: 4000 }.';
  },

  headsDivide,

  function keyValueHeadsDivide(read) {
    const [heads, keyValueHeads] = [read("model.heads") ?? 4, read("model.keyValueHeads")];
    if (read("model.kind") !== "gpt" || typeof heads !== "number" || typeof keyValueHeads !== "number" || heads % keyValueHeads === 0) return undefined;
    return `model.keyValueHeads: received ${keyValueHeads}, which does not divide model.heads ${heads}; choose one that does.`;
  },

  function windowWithinContext(read) {
    const [window, context] = [read("training.window"), read("model.context") ?? 256];
    if (read("model.kind") !== "gpt" || typeof window !== "number" || typeof context !== "number" || window <= context) return undefined;
    return `training.window: received ${window}, more than the ${context} tokens of model.context; make one of them fit the other.`;
  },

  function onlyRecurrentInSequence(read) {
    if (read("model.kind") !== "gpt" || read("training.order") !== "sequential") return undefined;
    return 'training.order: received "sequential", but a gpt carries nothing from batch to batch; choose "shuffled" or "random".';
  },

  function onlyAttentionStopsAtDocuments(read) {
    if (read("model.kind") !== "lstm-lm" || read("training.separateDocuments") !== true) return undefined;
    return "training.separateDocuments: received true, but a lstm-lm has no attention that could stop at the edges of documents; leave it out.";
  },

  function completionsHaveNoOrder(read) {
    const order = read("training.order");
    if (read("data.kind") !== "completions" || order === undefined) return undefined;
    return `training.order: received ${JSON.stringify(order)}, but examples are whole and shuffled anew in each epoch; leave it out.`;
  },
];

const pairRules: readonly Rule[] = [
  oneDuration,
  headsDivide,

  function inputFeedingNeedsAttention(read) {
    if (read("model.inputFeeding") !== true || (read("model.attention") ?? "none") !== "none") return undefined;
    return (
      `model.inputFeeding: received true, but model.attention is "none" and inputFeeding needs attention; set ` +
      `model.attention to "additive", "dot" or "general", or leave inputFeeding out.`
    );
  },

  function tyingAllNeedsJointVocabulary(read) {
    const twoVocabularies = read("tokenizer.source") !== undefined && read("tokenizer.target") !== undefined;
    if (read("model.tiedEmbeddings") !== "all" || !twoVocabularies) return undefined;
    return (
      `model.tiedEmbeddings: received "all", which needs a joint vocabulary, but tokenizer has a source and a target ` +
      `entry; give one tokenizer for both, or tie only "target".`
    );
  },

  shorthandNeedsParallel("validation"),
  shorthandNeedsParallel("test"),

  function plateauNeedsValidation(read) {
    if (read("training.schedule.kind") !== "plateau" || read("data.validation") !== undefined) return undefined;
    return (
      `training.schedule.kind: received "plateau", which follows the validation loss, but data.validation is not ` +
      `given; add it, for example { fraction: 0.05 }, or choose another schedule.`
    );
  },

  function patienceNeedsValidation(read) {
    if (read("training.patience") === undefined || read("data.validation") !== undefined) return undefined;
    return (
      `training.patience: received ${String(read("training.patience"))}, which counts validations, but ` +
      `data.validation is not given; add it, for example { fraction: 0.05 }, or leave patience out.`
    );
  },

  somethingMustBeLeft,
];

const phraseRules: readonly Rule[] = [
  shorthandNeedsParallel("validation"),
  shorthandNeedsParallel("test"),
  somethingMustBeLeft,

  function tuningNeedsValidation(read) {
    if (read("data.validation") !== undefined) return undefined;
    return "data.validation: nothing was given, but a phrase-based translator's weights are tuned on it; add it, for example { count: 1000 }.";
  },

  function someAlignment(read) {
    const given = { model1: 5, model2: 0, hmm: 5 };
    const all = Object.entries(given).map(([model, standard]) => read(`training.alignment.${model}`) ?? standard);
    if (!all.every((iterations) => iterations === 0)) return undefined;
    return "training.alignment: received 0 iterations of every model, which aligns no words; give model1, model2 or hmm at least 1.";
  },
];
