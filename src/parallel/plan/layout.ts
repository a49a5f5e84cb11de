import { ScheduleError } from "../schedule.ts";
import { isScheduleName, scheduleNames, type ScheduleName } from "../schedules/generators.ts";

/** How a model and its batches lie on devices, for one optimiser step. */
export interface Layout {
  /** Copies of the model, each with its part of the micro-batches. */
  readonly replicas: number;
  /** Devices of a replica that its stages lie on. */
  readonly stages: number;
  /** Devices that share the projection onto the vocabulary: the last stage's, and others that do nothing else; 1: not shared. */
  readonly vocabulary: number;
  readonly schedule: ScheduleName;
  /** Of `interleaved-1f1b` the stages of a device, of `wavefront-2014` the pieces of time; 1 with the others. */
  readonly chunks: number;
  /** Of a replica, in one step. */
  readonly microBatches: number;
  /** Part of the vocabulary that the last stage's device holds; unless given, as much as keeps it as busy as the others. */
  readonly share?: number;
  /** `dropped`: the projection's gradient is taken with its forward pass, so that no logits need be kept. */
  readonly logits?: "dropped";
}

/** Devices of one replica. */
export function devicesOfReplica({ stages, vocabulary }: Pick<Layout, "stages" | "vocabulary">): number {
  return stages + vocabulary - 1;
}

export function devicesOf(layout: Layout): number {
  return layout.replicas * devicesOfReplica(layout);
}

/** Stages into which the model is cut: several a device with schedules that interleave. */
export function stagesOfModel({ schedule, stages, chunks }: Pick<Layout, "schedule" | "stages" | "chunks">): number {
  if (schedule === "zb-v") return 2 * stages;
  return schedule === "interleaved-1f1b" ? chunks * stages : stages;
}

/** A batch passes in pieces of time, one behind the other. */
export function isWavefront({ schedule }: Pick<Layout, "schedule">): boolean {
  return schedule === "wavefront-2014";
}

/** Devices have several stages, or batches several pieces of time. */
export function hasChunks({ schedule }: Pick<Layout, "schedule">): boolean {
  return schedule === "interleaved-1f1b" || isWavefront({ schedule });
}

/** `replicas=2,stages=4,schedule=1f1b,micro-batches=8`: a name that `parseLayout` reads as the same layout. */
export function formatLayout({ replicas, stages, vocabulary, schedule, chunks, microBatches, share, logits }: Layout): string {
  const isCut = stages > 1 || vocabulary > 1;
  const parts: [string, string | number | undefined][] = [
    ["replicas", replicas === 1 && isCut ? undefined : replicas], ["stages", stages === 1 ? undefined : stages],
    ["vocabulary", vocabulary === 1 ? undefined : vocabulary], ["schedule", isCut ? schedule : undefined], ["chunks", isCut && hasChunks({ schedule }) ? chunks : undefined],
    ["share", share], ["logits", logits], ["micro-batches", microBatches],
  ];
  return parts.flatMap(([key, value]) => (value === undefined ? [] : [`${key}=${value}`])).join(",");
}

/** What a layout's name leaves open. */
export interface LayoutContext {
  readonly devices: number;
  /** Micro-batches of a step, over all replicas. */
  readonly microBatches: number;
  /** Steps of time of a sequence: the finest pieces of a wavefront. */
  readonly time: number;
}

/** Names for what people try first. */
const SHORT_NAMES: Readonly<Record<string, (context: LayoutContext) => string>> = {
  "2014": ({ devices, time }) => {
    if (devices % 2 !== 0) throw new ScheduleError(`The layout 2014 gives half of the devices to the layers and half to the vocabulary; ${devices} is odd.`);
    return `stages=${devices / 2},vocabulary=${devices / 2 + 1},schedule=wavefront-2014,chunks=${time},share=0,logits=dropped`;
  },
  "data": ({ devices }) => `replicas=${devices}`,
  "pipeline": ({ devices }) => `stages=${devices}`,
  "vocabulary": ({ devices }) => `vocabulary=${devices}`,
};

const KEYS = ["replicas", "stages", "vocabulary", "schedule", "chunks", "share", "logits", "micro-batches"] as const;
type Key = (typeof KEYS)[number];

/** Reads a layout's name, short (`2014`, `data`, `pipeline`, `vocabulary`) or long; what it leaves out is 1, or follows from the rest. */
export function parseLayout(name: string, context: LayoutContext): Layout {
  const fields = readFields((Object.hasOwn(SHORT_NAMES, name) ? SHORT_NAMES[name]?.(context) : undefined) ?? name);
  const whole = (key: Key, otherwise: number): number => {
    const text = fields.get(key);
    if (text === undefined) return otherwise;
    if (!/^[1-9]\d*$/.test(text)) throw new ScheduleError(`The layout "${name}" has ${key}=${text}; expected is a whole number of at least 1.`);
    return Number(text);
  };
  const [replicas, stages, vocabulary] = [whole("replicas", 1), whole("stages", 1), whole("vocabulary", 1)];
  const isCut = stages > 1 || vocabulary > 1;
  const schedule = fields.get("schedule") ?? (isCut ? "1f1b" : "none");
  if (!isScheduleName(schedule)) throw new ScheduleError(`The layout "${name}" has the schedule "${schedule}"; the schedules are ${scheduleNames.join(", ")}.`);
  const share = fields.get("share");
  if (share !== undefined && !(Number(share) >= 0 && Number(share) <= 1)) throw new ScheduleError(`The layout "${name}" has share=${share}; expected is a part of the vocabulary, 0 to 1.`);
  const logits = fields.get("logits");
  if (logits !== undefined && logits !== "dropped") throw new ScheduleError(`The layout "${name}" has logits=${logits}; expected is dropped, or nothing, which keeps them.`);
  if (!isCut && schedule !== "none") throw new ScheduleError(`The layout "${name}" gives the schedule ${schedule}, but cuts no model; give stages or vocabulary.`);
  if (share !== undefined && vocabulary === 1) throw new ScheduleError(`The layout "${name}" gives share, but shares no vocabulary; give vocabulary=2 or more.`);
  if (fields.has("chunks") && !hasChunks({ schedule })) {
    throw new ScheduleError(`The layout "${name}" gives chunks, which the schedule ${schedule} does not have; give schedule=interleaved-1f1b or wavefront-2014.`);
  }
  return {
    replicas, stages, vocabulary, schedule,
    chunks: whole("chunks", isWavefront({ schedule }) ? context.time : hasChunks({ schedule }) ? 2 : 1),
    microBatches: whole("micro-batches", context.microBatches / replicas),
    ...(share !== undefined && { share: Number(share) }), ...(logits !== undefined && { logits }),
  };
}

function readFields(name: string): Map<Key, string> {
  const fields = new Map<Key, string>();
  for (const part of name.split(",")) {
    const [key = "", value, ...more] = part.split("=");
    if (!isKey(key) || value === undefined || value === "" || more.length > 0) {
      throw new ScheduleError(`There is no layout "${name}"; expected is ${Object.keys(SHORT_NAMES).join(", ")}, or such as replicas=2,stages=4,schedule=1f1b `
        + `with any of ${KEYS.join(", ")}.`);
    }
    if (fields.has(key)) throw new ScheduleError(`The layout "${name}" gives ${key} twice.`);
    fields.set(key, value);
  }
  return fields;
}

function isKey(key: string): key is Key {
  return (KEYS as readonly string[]).includes(key);
}
