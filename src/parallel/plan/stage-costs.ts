import type { CostProfile, CostUnit } from "../cost-profile.ts";
import type { Costs } from "../schedule-player.ts";
import { isWavefront, type Layout } from "./layout.ts";
import { totalSeconds, type Placement, type Stage } from "./placement.ts";

interface Times {
  readonly F: number;
  readonly I: number;
  readonly W: number;
}

/** Part of a unit's work in a piece of time, one of as many of the same length. */
function partInTime({ begins = 0 }: CostUnit, chunk: number, chunks: number): number {
  const [from, to] = [Math.max(chunk / chunks, begins), Math.max((chunk + 1) / chunks, begins)];
  return (to - from) / (1 - begins);
}

/**
 * What a placed model's computations and messages take in the pipeline of one replica, in seconds.
 * @param slowdown how many times as long as the profile says a stage's computations take
 */
export function stageCosts(profile: CostProfile, layout: Layout, { stages, share }: Placement, slowdown: (stage: number) => number = () => 1): Costs {
  const chunks = isWavefront(layout) ? layout.chunks : 1;
  const { bandwidth, latency } = profile.link;
  const dropped = layout.logits === "dropped";
  const byChunk = <Value>(of: (chunk: number) => Value): Value[] => Array.from({ length: chunks }, (_, chunk) => of(chunk));
  const chunkOf = (microBatch: number): number => (isWavefront(layout) ? microBatch : 0);

  const shards = share === undefined ? undefined : stages.length - 1;
  const copies = layout.vocabulary - 1;
  const projection = (stages.at(-1) ?? []).find(({ unit }) => unit.vocabulary)?.unit;
  /** The shards have something to do from where the projection begins. */
  const shardPart = byChunk((chunk) => (projection === undefined ? 0 : partInTime(projection, chunk, chunks)));
  const exchange = shardPart.map((part) => (part === 0 ? 0 : normalizerSeconds(profile, layout.vocabulary, part)));

  const times = stages.map((stage, at) => byChunk((chunk): Times => {
    const { F, I, W } = timesOf(stage, chunk, chunks, dropped, slowdown(at));
    return { F: F + (at === shards ? exchange[chunk] ?? 0 : 0), I, W };
  }));
  /** What the last stage's device does on its part of the vocabulary, after its stage forward and before it backward. */
  const own = byChunk((chunk) => (
    shards === undefined ? NOTHING : timesOf((stages[shards - 1] ?? []).filter(({ unit }) => unit.vocabulary), chunk, chunks, dropped, slowdown(shards - 1))));
  const outputs = stages.map((stage) => stage.findLast(({ unit }) => !unit.vocabulary || shards === undefined)?.unit);

  /** Seconds that a message keeps its link busy, and whether there is one. */
  const message = (way: "F" | "B", stage: number, chunk: number): { seconds: number; isSent: boolean } => {
    const sender = outputs[way === "F" ? stage : stage - 1];
    if (sender === undefined) return { seconds: 0, isSent: false };
    if ((way === "F" ? stage + 1 : stage) !== shards) return { seconds: sender.outputBytes * partInTime(sender, chunk, chunks) / bandwidth, isSent: true };
    // Hidden states go to each of the shards, and a gradient comes back from each.
    const part = (shardPart[chunk] ?? 0) * (1 - (projection?.begins ?? 0));
    return { seconds: copies * sender.outputBytes * part / bandwidth, isSent: part > 0 };
  };

  return {
    computation: (kind, stage, microBatch) => {
      const { F, I, W } = times[stage]?.[chunkOf(microBatch)] ?? NOTHING;
      if (kind === "B") return I + W;
      return kind === "F" ? F : kind === "I" ? I : W;
    },
    transfer: (way, stage, microBatch) => {
      const chunk = chunkOf(microBatch);
      const { seconds, isSent } = message(way, stage, chunk);
      if (!isSent) return 0;
      const beside = (way === "F" ? stage + 1 : stage) === shards ? own[chunk] ?? NOTHING : NOTHING;
      // The last stage sends its hidden states before its own part of the vocabulary, and has done it when the gradients come.
      return latency + seconds - (way === "F" ? beside.F : layout.schedule === "zb-h1" ? beside.I : beside.I + beside.W);
    },
    occupancy: (way, stage, microBatch) => message(way, stage, chunkOf(microBatch)).seconds,
  };
}

const NOTHING: Times = { F: 0, I: 0, W: 0 };

function timesOf(stage: Stage, chunk: number, chunks: number, dropped: boolean, slowdown: number): Times {
  const early = (unit: CostUnit): boolean => dropped && unit.vocabulary;
  const sum = (of: (unit: CostUnit) => number): number => slowdown * totalSeconds(stage, (unit) => partInTime(unit, chunk, chunks) * of(unit));
  return {
    F: sum((unit) => unit.forward + (early(unit) ? unit.inputGradient + unit.weightGradient : 0)),
    I: sum((unit) => (early(unit) ? 0 : unit.inputGradient)),
    W: sum((unit) => (early(unit) ? 0 : unit.weightGradient)),
  };
}

/** Shards agree on each token's largest logit and on its sum of exponentials: two floats a token, halved and doubled in a tree. */
function normalizerSeconds({ link, microBatch }: CostProfile, devices: number, part: number): number {
  return 2 * Math.ceil(Math.log2(devices)) * (link.latency + 2 * 4 * part * microBatch.tokens / link.bandwidth);
}
