import type { CostProfile, CostUnit } from "../cost-profile.ts";
import { ScheduleError } from "../schedule.ts";
import { formatLayout, isWavefront, type Layout } from "./layout.ts";
import { memoryOf, pipelineMemory, stagesOfDevices } from "./memory.ts";
import { place, total, totalSeconds, workOf, type Placement } from "./placement.ts";
import { isTooLong, oneDeviceSeconds, ringSeconds, simulate, type Simulation } from "./simulate.ts";

export interface PlanQuestion {
  /** Of the same model, each with micro-batches of another size; the first is the one that `microBatches` counts. */
  readonly profiles: readonly CostProfile[];
  readonly devices: number;
  /** Micro-batches of a step, over all replicas; several where they are free. */
  readonly microBatches: readonly number[];
  /** Bytes of each device; without limit unless given. */
  readonly memory?: number | undefined;
  /** Layouts that are of interest; all unless given. */
  readonly accepts?: (layout: Layout) => boolean;
}

/** A layout with what it makes of the model. */
export interface PlannedLayout {
  readonly name: string;
  readonly simulation: Simulation;
  readonly profile: CostProfile;
  /** Over the fastest way to do the same step on one device. */
  readonly speedup: number;
}

export interface Plan {
  /** Best first: of each cut of the model and the batch the best schedule. */
  readonly layouts: readonly PlannedLayout[];
  /** Layouts that use all devices. */
  readonly considered: number;
  /** Those of them that need more memory than there is. */
  readonly tooLarge: number;
  /** Bytes of the least that any of them needs. */
  readonly leastMemory: number;
}

interface Candidate {
  readonly profile: CostProfile;
  readonly layout: Layout;
  /** No step of it is shorter, in seconds. */
  readonly leastSeconds: number;
  readonly memory: number;
}

/** Stages of a device that interleaving is tried with, at most. */
const MOST_CHUNKS = 8;

/**
 * Finds the layouts for a number of devices that make most tokens a second: replicas x stages x shares of the vocabulary
 * x schedules x micro-batches, every combination that uses all devices and fits their memory; wavefronts among them where
 * the model is recurrent and a step is not too long to be played. A layout whose least possible time is behind the best is not played.
 * @throws ScheduleError where no layout uses all devices, or none fits
 */
export function searchLayouts({ profiles, devices, microBatches, memory = Infinity, accepts = () => true }: PlanQuestion, best = 10): Plan {
  const candidates = profiles.flatMap((profile) => (
    microBatches.flatMap((count) => stepsOf(profile, profiles, count)).flatMap((count) => layoutsFor(profile, devices, count).filter(accepts).map((layout) => candidateOf(profile, layout)))));
  if (candidates.length === 0) throw new ScheduleError(noneUses(profiles, devices, microBatches));
  const fitting = candidates.filter((candidate) => candidate.memory <= memory);
  const leastMemory = candidates.reduce((least, candidate) => Math.min(least, candidate.memory), Infinity);
  const layouts = fastest(groupByCut(fitting), profiles, best);
  return { layouts, considered: candidates.length, tooLarge: candidates.length - fitting.length, leastMemory };
}

/** Plays one layout, against the fastest way to do its step on one device. */
export function planLayout(profile: CostProfile, profiles: readonly CostProfile[], layout: Layout, name = formatLayout(layout)): PlannedLayout {
  const simulation = simulate(profile, layout);
  const step = sequencesOf(profile, layout);
  const alone = profiles.map((each) => (step % each.microBatch.sequences === 0 ? oneDeviceSeconds(each, step / each.microBatch.sequences) : Infinity));
  return { name, simulation, profile, speedup: Math.min(...alone) / simulation.stepSeconds };
}

function sequencesOf({ microBatch }: CostProfile, { replicas, microBatches }: Layout): number {
  return replicas * microBatches * microBatch.sequences;
}

/** As many micro-batches of a profile as make the same step as `count` of the first profile's. */
function stepsOf(profile: CostProfile, [first]: readonly CostProfile[], count: number): number[] {
  const steps = count * (first ?? profile).microBatch.sequences / profile.microBatch.sequences;
  return Number.isInteger(steps) ? [steps] : [];
}

/** Every layout of a step that uses all devices. */
function layoutsFor(profile: CostProfile, devices: number, microBatches: number): Layout[] {
  const body = profile.units.filter(({ vocabulary }) => !vocabulary).length;
  return divisors(devices).filter((replicas) => microBatches % replicas === 0).flatMap((replicas) => {
    const each = devices / replicas;
    const base = { replicas, microBatches: microBatches / replicas, chunks: 1, vocabulary: 1 };
    const pieces = profile.recurrent === true ? piecesOfTime(profile) : [];
    const whole = each > profile.units.length ? [] : schedulesFor({ ...base, stages: each }, profile.units.length, pieces);
    if (body === profile.units.length) return whole;
    const shared = Array.from({ length: Math.min(each - 1, body) }, (_, at) => schedulesFor({ ...base, stages: at + 1, vocabulary: each - at }, body, pieces));
    return [...whole, ...shared.flat()];
  });
}

/** Steps of time of a sequence. */
export function stepsOfTime({ microBatch }: CostProfile): number {
  return Math.max(1, Math.round(microBatch.tokens / microBatch.sequences));
}

/** Pieces of one, two, four and eight steps. */
function piecesOfTime(profile: CostProfile): number[] {
  return [...new Set([1, 2, 4, 8].map((steps) => Math.ceil(stepsOfTime(profile) / steps)))];
}

function schedulesFor(cut: Omit<Layout, "schedule">, units: number, pieces: readonly number[]): Layout[] {
  const { stages, vocabulary, microBatches } = cut;
  if (stages === 1 && vocabulary === 1) return [{ ...cut, schedule: "none" }];
  const simple = [
    ...(["1f1b", "zb-h1", "gpipe", "none"] as const).map((schedule): Layout => ({ ...cut, schedule })),
    ...pieces.map((chunks): Layout => ({ ...cut, schedule: "wavefront-2014", chunks })).filter((layout) => !isTooLong(layout)),
  ];
  if (vocabulary > 1) return simple;
  const chunks = Array.from({ length: Math.max(0, Math.min(MOST_CHUNKS, Math.floor(units / stages)) - 1) }, (_, at) => at + 2);
  return [
    ...simple,
    ...(microBatches % stages === 0 ? chunks.map((each): Layout => ({ ...cut, schedule: "interleaved-1f1b", chunks: each })) : []),
    ...(2 * stages <= units && microBatches >= 2 * stages - 1 ? [{ ...cut, schedule: "zb-v" } as const] : []),
  ];
}

function divisors(value: number): number[] {
  return Array.from({ length: value }, (_, at) => at + 1).filter((each) => value % each === 0);
}

function candidateOf(profile: CostProfile, layout: Layout): Candidate {
  const placement = place(profile, layout);
  const memory = Math.max(...pipelineMemory(profile, layout, placement).map(memoryOf));
  return { profile, layout, memory, leastSeconds: leastSeconds(profile, layout, placement) };
}

/**
 * A bound below a step's time. Each device does all its work after the first micro-batch has come to it, and then reduces
 * its gradients, while the last micro-batch's go back to the first device, which reduces its own; all update and gather.
 */
export function leastSeconds(profile: CostProfile, layout: Layout, { stages, share }: Placement): number {
  const { replicas, microBatches, schedule } = layout;
  const bodies = share === undefined ? stages : stages.map((stage) => stage.filter(({ unit }) => !unit.vocabulary));
  const before = (device: number, of: (unit: CostUnit) => number): number => bodies.slice(0, device).reduce((sum, stage) => sum + totalSeconds(stage, of), 0);
  // Where gradients by weights wait, it is not known that any of the stages before come after a device's last action.
  const isOrdered = schedule !== "zb-h1" && schedule !== "zb-v" && !isWavefront(layout);
  const devices = stagesOfDevices(layout, { stages, share }).map((held, device) => {
    const own = held.flatMap((at) => stages[at] ?? []);
    const work = microBatches * totalSeconds(own, workOf);
    return {
      done: (isWavefront(layout) ? 0 : before(device, ({ forward }) => forward)) + work,
      backAtFirst: schedule === "none" ? microBatches * before(stages.length, workOf) : isOrdered ? before(device, workOf) + work : 0,
      exchange: ringSeconds(profile, total(own, (unit) => unit.parameterBytes), replicas), update: total(own, (unit) => unit.update) / replicas,
    };
  });
  const first = devices[0]?.exchange ?? 0;
  const reduced = Math.max(...devices.map(({ done, backAtFirst, exchange }) => Math.max(done + exchange, backAtFirst + first)));
  return reduced + Math.max(...devices.map(({ exchange, update }) => exchange + update));
}

function groupByCut(candidates: readonly Candidate[]): Candidate[][] {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const { replicas, stages, vocabulary } = candidate.layout;
    const key = `${replicas} ${stages} ${vocabulary}`;
    groups.set(key, [...(groups.get(key) ?? []), candidate]);
  }
  return [...groups.values()];
}

/** The best of each group, in order; a candidate is played only while it may still count. */
function fastest(groups: readonly (readonly Candidate[])[], profiles: readonly CostProfile[], best: number): PlannedLayout[] {
  const bound = ({ profile, layout, leastSeconds: seconds }: Candidate): number => sequencesOf(profile, layout) * profile.microBatch.tokens / profile.microBatch.sequences / seconds;
  const byBound = (a: Candidate, b: Candidate): number => bound(b) - bound(a) || a.memory - b.memory;
  const ordered = groups.map((group) => [...group].sort(byBound)).sort(([a], [b]) => (a === undefined || b === undefined ? 0 : byBound(a, b)));
  const found: PlannedLayout[] = [];
  for (const group of ordered) {
    const least = found.length < best ? 0 : found[best - 1]?.simulation.tokensPerSecond ?? 0;
    let winner: PlannedLayout | undefined;
    for (const candidate of group) {
      if (bound(candidate) < Math.max(least, winner?.simulation.tokensPerSecond ?? 0)) break;
      const planned = planLayout(candidate.profile, profiles, candidate.layout);
      if (winner === undefined || isBetter(planned, winner)) winner = planned;
    }
    if (winner === undefined) continue;
    found.push(winner);
    found.sort((a, b) => (isBetter(a, b) ? -1 : 1));
  }
  return found.slice(0, best);
}

/** More tokens a second; of two that make as many, the one that needs less memory. */
function isBetter({ simulation: a }: PlannedLayout, { simulation: b }: PlannedLayout): boolean {
  const ratio = a.tokensPerSecond / b.tokensPerSecond;
  return Math.abs(ratio - 1) > 1e-9 ? ratio > 1 : a.peakMemoryBytes < b.peakMemoryBytes;
}

function noneUses(profiles: readonly CostProfile[], devices: number, microBatches: readonly number[]): string {
  const units = profiles[0]?.units.length ?? 0;
  return `No layout uses ${devices} devices: the replicas must divide the ${microBatches.join(", ")} micro-batches of a step, and a model of ${units} units makes `
    + `at most ${units} stages. Choose another number of devices or of micro-batches (--micro-batches).`;
}
