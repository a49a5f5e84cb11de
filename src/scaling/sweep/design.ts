/** From a sweep to its trainings. */
import { ScalingError } from "../scaling-error.ts";
import { configure, type Settings, type TrainingConfig } from "./configure.ts";
import { learningRateOf } from "./learning-rate.ts";
import { sobolPoints } from "./low-discrepancy.ts";
import { shapeOf, shapeOfSize, shapeSettings, type Shape } from "./shape.ts";
import { SweepData } from "./sweep-data.ts";
import { listAmounts, type Amounts, type Design, type Sweep } from "./sweep-schema.ts";
import { measureTraining, type TrainingSize } from "./training-size.ts";

/** A training of a sweep, and what it will take. */
export interface PlannedTraining {
  /** What it is called in tables; differs from all others'. */
  readonly name: string;
  /** What it sets of the base configuration. */
  readonly settings: Settings;
  readonly config: TrainingConfig;
  readonly shape: Shape;
  readonly size: TrainingSize;
}

/** What a training of a design is to be: so large, and as long as the tokens or the operations last. */
interface Point {
  readonly parameters: number;
  readonly layers?: number;
  readonly length: { readonly tokens: number } | { readonly flops: number };
  /** Different tokens that there are to be; all where left out. */
  readonly uniqueTokens?: number;
}

/**
 * The trainings of a sweep, in the order of its design. Nothing is trained; the data is read, for its amount and
 * the sizes of its batches.
 *
 * @throws ConfigError, DataError, ScalingError
 */
export async function planSweep(sweep: Sweep, data = new SweepData()): Promise<PlannedTraining[]> {
  configure(sweep, {});
  const settings = sweep.design.kind === "list"
    ? sweep.design.trainings.map(({ name, set }) => ({ name, settings: set }))
    : await designedSettings(sweep, pointsOf(sweep.design), data);
  const seeded = settings.flatMap((each) => (sweep.seeds === undefined ? [each]
    : sweep.seeds.map((seed) => ({ name: each.name && `${each.name}-seed${seed}`, settings: { ...each.settings, seed } }))));
  const planned: PlannedTraining[] = [];
  for (const { name, settings: set } of seeded) {
    const config = configure(sweep, set, name ?? JSON.stringify(set));
    const { training, sizes } = await data.open(config);
    const size = await measureTraining(config, training, sizes, stepsOf(config, name ?? sweep.name));
    const shape = shapeOf(config);
    planned.push({ name: name ?? nameOf(sweep, shape, size, config.seed), settings: set, config, shape, size });
  }
  requireDistinct(sweep, planned);
  return planned;
}

/** Sizes and lengths as a design spreads them. */
export function pointsOf(design: Exclude<Design, { kind: "list" }>): Point[] {
  if (design.kind === "space-filling") {
    const between = ({ from, to }: { from: number; to: number }, share: number): number => from * (to / from) ** share;
    return sobolPoints(design.count).map(([x, y]) => ({ parameters: between(design.parameters, x), length: { tokens: between(design.tokens, y) } }));
  }
  const depths = design.layers?.map((layers) => ({ layers })) ?? [{}];
  const networks = listAmounts(design.parameters).flatMap((parameters) => depths.map((depth) => ({ parameters, ...depth })));
  if (design.kind === "isoflop") return networks.flatMap((network) => listAmounts(design.flops).map((flops) => ({ ...network, length: { flops } })));
  const lengths = listAmounts(design.tokens).flatMap((tokens) => stocksFor(tokens, design.uniqueTokens).map((stock) => ({ length: { tokens }, ...stock })));
  return networks.flatMap((network) => lengths.map((length) => ({ ...network, ...length })));
}

/** The amounts of different tokens on which so many are trained: those that are not more. */
function stocksFor(tokens: number, amounts: Amounts | undefined): { uniqueTokens?: number }[] {
  if (amounts === undefined) return [{}];
  const stocks = listAmounts(amounts).filter((uniqueTokens) => uniqueTokens <= tokens);
  if (stocks.length > 0) return stocks.map((uniqueTokens) => ({ uniqueTokens }));
  throw new ScalingError(`The design trains on ${tokens} tokens, but all its amounts of uniqueTokens are larger; name one of at most ${tokens}, or leave that amount of tokens out.`);
}

async function designedSettings(sweep: Sweep, points: readonly Point[], data: SweepData): Promise<{ name: undefined; settings: Settings }[]> {
  const found = new Map<string, Settings>();
  for (const { parameters, layers, length, uniqueTokens } of points) {
    const shape = shapeOfSize(sweep, parameters, layers);
    const shaped = { ...shapeSettings(sweep, shape), ...(uniqueTokens !== undefined && { "data.tokens": Math.round(uniqueTokens) }) };
    const config = configure(sweep, shaped);
    const { training, sizes } = await data.open(config);
    const perEpoch = await measureTraining(config, training, sizes, Math.max(1, Math.round(training.batches.batchesInEpoch(0) / config.training.accumulate)));
    const amount = "tokens" in length ? length.tokens / perEpoch.tokens : length.flops / perEpoch.flops;
    const isOnePass = "tokens" in length && length.tokens === uniqueTokens;
    const steps = isOnePass ? perEpoch.steps : Math.max(1, Math.round(perEpoch.steps * amount));
    const rate = learningRateOf(sweep.learningRate, { parameters: perEpoch.parameters, width: shape.width });
    const settings: Settings = {
      ...shaped, "training.steps": steps,
      ...(rate !== undefined && { "training.optimizer.learningRate": rate }),
      ...(sweep.warmup !== undefined && { "training.schedule.warmup": Math.round(sweep.warmup * steps) }),
    };
    found.set(JSON.stringify(settings), settings); // sizes that are close to each other have one nearest network
  }
  return [...found.values()].map((settings) => ({ name: undefined, settings }));
}

function stepsOf({ training: { steps } }: TrainingConfig, name: string): number {
  if (steps !== undefined) return steps;
  throw new ScalingError(`The training "${name}" is given in epochs, but a sweep's trainings are given in steps; set training.steps.`);
}

function nameOf({ design, seeds }: Sweep, { layers }: Shape, { parameters, tokens, uniqueTokens }: TrainingSize, seed: number): string {
  const deep = "layers" in design && design.layers !== undefined ? [`l${layers}`] : [];
  const stock = "uniqueTokens" in design && design.uniqueTokens !== undefined ? [`u${short(uniqueTokens)}`] : [];
  return [...deep, `n${short(parameters)}`, `d${short(tokens)}`, ...stock, ...(seeds === undefined ? [] : [`seed${seed}`])].join("-");
}

/** `55.3k`, `1.24M` */
export function short(value: number): string {
  const rounded = Number(value.toPrecision(3));
  const [unit, scale] = ([["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]] as const).find(([, least]) => rounded >= least) ?? ["", 1];
  return `${Number((rounded / scale).toPrecision(3))}${unit}`;
}

function requireDistinct({ name }: Sweep, planned: readonly PlannedTraining[]): void {
  const names = planned.map((each) => each.name);
  const twice = names.find((each, at) => names.indexOf(each) !== at);
  if (twice !== undefined) throw new ScalingError(`Two trainings of the sweep ${name} are called "${twice}"; give them different names, or different sizes.`);
}
