import type { CostProfile } from "../cost-profile.ts";
import { ScheduleError } from "../schedule.ts";
import { isWavefront, type Layout } from "./layout.ts";
import { planLayout, stepsOfTime, type PlannedLayout } from "./search.ts";
import type { Simulation } from "./simulate.ts";

/** `2 replicas of a pipeline of 4 stages whose vocabulary is shared by 3 devices` */
export function describeLayout({ layout, placement: { share } }: Simulation): string {
  const { replicas, stages, vocabulary } = layout;
  const cut = stages > 1 ? `a ${isWavefront(layout) ? "wavefront" : "pipeline"} of ${stages} stages` : "the whole model";
  const shared = vocabulary === 1 ? cut : `${cut} whose vocabulary ${share === 0 ? `lies on ${vocabulary - 1} more` : `is shared by ${vocabulary}`} device${vocabulary === 2 && share === 0 ? "" : "s"}`;
  if (replicas === 1) return shared;
  return isDataAlone(layout) ? `${replicas} replicas, data parallelism alone` : `${replicas} replicas of ${shared}`;
}

/** Part of a step in which its slowest device reduces gradients and gathers weights. */
function exchangeShare({ devices, stepSeconds }: Simulation): number {
  return Math.max(...devices.map(({ computed, reduced, updated, gathered }) => reduced - computed + gathered - updated)) / stepSeconds;
}

/** In one sentence, why a layout and not another: how the best of the other kind fares. */
export function explainChoice(
  chosen: PlannedLayout, layouts: readonly PlannedLayout[], profiles: readonly CostProfile[], devices: number, memory = Infinity,
): string {
  const what = `${describeLayout(chosen.simulation)}: ${times(chosen)}`;
  if (devices === 1) return `${what}.`;
  if (isDataAlone(chosen.simulation.layout)) {
    const exchange = `${percent(exchangeShare(chosen.simulation))} of a step exchanges gradients and weights`;
    const other = layouts.find(({ simulation }) => !isDataAlone(simulation.layout));
    if (other === undefined) return `${what}; ${exchange}, and no other layout uses all devices and fits.`;
    return `${what}; ${exchange}, while ${describeLayout(other.simulation)} (${other.name}) makes ${times(other)} and waits ${percent(other.simulation.bubble)} of its computation.`;
  }
  return `${what}, with waits of ${percent(chosen.simulation.bubble)} of the computation; ${dataAlone(chosen, profiles, devices, memory)}.`;
}

function dataAlone(chosen: PlannedLayout, profiles: readonly CostProfile[], devices: number, memory: number): string {
  const { replicas, microBatches } = chosen.simulation.layout;
  const sequences = replicas * microBatches * chosen.profile.microBatch.sequences;
  const planned = profiles.flatMap((profile): PlannedLayout[] => {
    const each = sequences / profile.microBatch.sequences / devices;
    if (!Number.isInteger(each)) return [];
    return [planLayout(profile, profiles, { replicas: devices, stages: 1, vocabulary: 1, schedule: "none", chunks: 1, microBatches: each })];
  });
  const fitting = planned.filter(({ simulation }) => simulation.peakMemoryBytes <= memory).sort((a, b) => b.speedup - a.speedup);
  const [best] = fitting;
  if (best !== undefined) return `data parallelism alone (${best.name}) makes ${times(best)}, and ${percent(exchangeShare(best.simulation))} of its step exchanges gradients and weights`;
  const least = Math.min(...planned.map(({ simulation }) => simulation.peakMemoryBytes));
  if (planned.length > 0) return `data parallelism alone does not fit: it needs ${Math.ceil(least / 2 ** 20)} MiB a device`;
  return `data parallelism alone cannot be: ${devices} replicas do not share the step's micro-batches`;
}

function isDataAlone({ stages, vocabulary }: Layout): boolean {
  return stages === 1 && vocabulary === 1;
}

function times({ speedup }: PlannedLayout): string {
  return `${speedup.toFixed(2)} times one device`;
}

function percent(part: number): string {
  return `${(100 * part).toFixed(1)} %`;
}

/**
 * Plays the layout that a person names, with the micro-batches of which it is fastest.
 * @throws ScheduleError where it is none, or does not use all devices
 */
export function planNamedLayout(
  parse: (context: { readonly microBatches: number; readonly time: number }) => Layout, name: string,
  profiles: readonly CostProfile[], microBatches: readonly number[],
): PlannedLayout {
  const [first] = profiles;
  const problems: ScheduleError[] = [];
  const planned = profiles.flatMap((profile) => microBatches.flatMap((count): PlannedLayout[] => {
    const ofProfile = count * (first ?? profile).microBatch.sequences / profile.microBatch.sequences;
    if (!Number.isInteger(ofProfile)) return [];
    try {
      const layout = parse({ microBatches: ofProfile, time: stepsOfTime(profile) });
      if (isWavefront(layout) && profile.recurrent !== true) {
        throw new ScheduleError(`The layout "${name}" passes batches in pieces of time, and the costs do not say that the model allows that: a model does that reads in one direction and attends to nothing, whose costs have "recurrent": true. Choose another schedule.`);
      }
      if (layout.replicas * layout.microBatches !== ofProfile && Number.isInteger(layout.microBatches)) {
        throw new ScheduleError(`The layout "${name}" has ${layout.replicas * layout.microBatches} micro-batches a step; the step has ${microBatches.join(", ")}.`);
      }
      return [planLayout(profile, profiles, layout, name)];
    } catch (problem) {
      if (!(problem instanceof ScheduleError)) throw problem;
      problems.push(problem);
      return [];
    }
  })).sort((a, b) => b.simulation.tokensPerSecond - a.simulation.tokensPerSecond);
  const [best] = planned;
  if (best === undefined) throw problems[0] ?? new ScheduleError(`The layout "${name}" has no micro-batches of a size that the costs state.`);
  return best;
}
