import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { Command } from "commander";
import { withCommunication } from "../parallel/communication.ts";
import type { PipelineSchedule, ScheduleSize } from "../parallel/schedule.ts";
import { parseScheduleCsv, writeScheduleCsv } from "../parallel/schedule-csv.ts";
import { generateSchedule, isScheduleName, scheduleBubble, scheduleNames } from "../parallel/schedules/generators.ts";
import type { Timeline } from "../parallel/timeline.ts";
import { validateSchedule } from "../parallel/validate.ts";
import { CommandError, UsageError } from "./errors.ts";
import { printResult, type Io } from "./io.ts";
import { jsonOption, positiveInteger } from "./options.ts";

interface ScheduleFlags {
  readonly stages?: number;
  readonly microBatches?: number;
  readonly chunks: number;
  readonly messages?: boolean;
  readonly csv?: boolean;
  readonly json?: boolean;
}

export function addSchedule(program: Command, io: Io): void {
  program.command("schedule")
    .description("print a pipeline's schedule, prove that it ends, and state its bubble and the activations that it holds")
    .argument("<name>", `${scheduleNames.join(", ")}, or a CSV file as torchtitan writes it`)
    .option("--stages <count>", "stages of the pipeline, each on its own device", positiveInteger)
    .option("--micro-batches <count>", "parts of a batch that pass through one after the other", positiveInteger)
    .option("--chunks <count>", "pieces into which interleaved schedules cut a stage", positiveInteger, 2)
    .option("--messages", "with what the devices send and receive")
    .option("--csv", "print the schedule alone, a line a device")
    .addOption(jsonOption())
    .action((name: string, flags: ScheduleFlags) => runSchedule(name, flags, io));
}

async function runSchedule(name: string, flags: ScheduleFlags, io: Io): Promise<void> {
  if (flags.csv === true && flags.json === true) throw new UsageError("--csv and --json both say how to print; give one.");
  const { schedule: bare, bubble: expected } = isScheduleName(name) ? generated(name, flags) : await fromFile(name, flags);
  const schedule = flags.messages === true ? withCommunication(bare) : bare;
  const timeline = validateSchedule(schedule);
  if (flags.csv === true) {
    io.out(writeScheduleCsv(schedule));
    return;
  }
  const { stages, microBatches, devices } = schedule;
  const figures = {
    name: schedule.name, devices: devices.length, stages, microBatches,
    bubble: timeline.bubble, ...(expected !== undefined && { closedForm: expected }), peakActivations: timeline.peakActivations,
  };
  printResult(io, flags.json, figures, () => describe(schedule, timeline, expected));
}

function generated(name: Parameters<typeof generateSchedule>[0], { stages, microBatches, chunks }: ScheduleFlags): { schedule: PipelineSchedule; bubble: number | undefined } {
  if (stages === undefined || microBatches === undefined) throw new UsageError(`The schedule ${name} needs --stages and --micro-batches.`);
  const size: ScheduleSize = { devices: stages, microBatches, chunks };
  return { schedule: generateSchedule(name, size), bubble: scheduleBubble(name, size) };
}

async function fromFile(path: string, { stages, microBatches }: ScheduleFlags): Promise<{ schedule: PipelineSchedule; bubble: undefined }> {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) throw new CommandError(`There is no schedule "${path}", and no such file; the schedules are ${scheduleNames.join(", ")}.`);
  if (stages !== undefined || microBatches !== undefined) throw new UsageError("A file states its stages and micro-batches; leave --stages and --micro-batches out.");
  return { schedule: parseScheduleCsv(await readFile(path, "utf8"), path), bubble: undefined };
}

function describe(schedule: PipelineSchedule, { bubble, peakActivations }: Timeline, expected: number | undefined): string {
  const cells = writeScheduleCsv(schedule).trimEnd().split("\n").map((line) => line.split(","));
  const width = cells.flat().reduce((longest, cell) => Math.max(longest, cell.length), 0);
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  return [
    ...cells.map((line, device) => `device ${String(device).padEnd(3)} ${line.map((cell) => cell.padEnd(width)).join(" ")}`.trimEnd()),
    "",
    `bubble            ${percent(bubble)} of the computation${expected === undefined ? "" : `; closed form: ${percent(expected)}`} (forward and either gradient alike)`,
    `peak activations  ${peakActivations.join(", ")} micro-batches of a stage, by device`,
  ].join("\n");
}
