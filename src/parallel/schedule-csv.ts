import { formatAction, isComputation, ScheduleError, type Action, type PipelineSchedule } from "./schedule.ts";
import { playSchedule } from "./timeline.ts";

/** Cells of a schedule that is written, at most; a text cannot be much longer. */
const MOST_CELLS = 50_000_000;

/**
 * A schedule as torchtitan and torch.distributed.pipelining write it: one line a device, `0F0,0F1,,0B0`: stage, action,
 * micro-batch. Each action has a cell, and empty cells show where a device waits if all actions take as long.
 * @throws ScheduleError where devices wait for so long that there is no room for the empty cells
 */
export function writeScheduleCsv(schedule: PipelineSchedule): string {
  const { devices } = playSchedule(schedule, { computation: () => 1, transfer: () => 0 });
  const count = devices.reduce((sum, actions) => sum + (actions.every(isComputation) ? (actions.at(-1)?.end ?? 0) : actions.length), 0);
  if (count > MOST_CELLS) throw new ScheduleError(`The schedule "${schedule.name}" has ${count} cells, with those in which devices wait; at most ${MOST_CELLS} can be written. Choose fewer stages or micro-batches.`);
  const lines = devices.map((actions) => {
    if (!actions.every(isComputation)) return actions.map(formatAction);
    const cells: string[] = [];
    for (const action of actions) cells[action.start] = formatAction(action);
    return Array.from(cells, (cell: string | undefined) => cell ?? "");
  });
  return lines.map((cells) => `${cells.join(",")}\n`).join("");
}

/** Reads such a file; stages and micro-batches are as many as it names. Throws where a cell is no action. */
export function parseScheduleCsv(text: string, name: string): PipelineSchedule {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new ScheduleError(`The schedule ${name} is empty; a line a device is expected, with cells such as 0F0.`);
  const devices = lines.map((line, device) => line.split(",").flatMap((cell, column) => parseCell(cell.trim(), device, column, name)));
  const largest = (of: (action: Action) => number): number => devices.flat().reduce((most, action) => Math.max(most, of(action)), -1);
  const [stages, microBatches, actions] = [largest(({ stage }) => stage) + 1, largest(({ microBatch }) => microBatch) + 1, devices.flat().length];
  if (stages * microBatches > actions) {
    throw new ScheduleError(`The schedule ${name} names stages up to ${stages - 1} and micro-batches up to ${microBatches - 1}, but has only ${actions} actions; each stage needs several for each micro-batch.`);
  }
  return { name, devices, stages, microBatches, recurrent: false };
}

function parseCell(cell: string, device: number, column: number, name: string): Action[] {
  if (cell === "") return [];
  const match = /^(\d+)(F|I|W|B|SEND_F|RECV_F|SEND_B|RECV_B)(\d+)$/.exec(cell);
  if (match === null) {
    throw new ScheduleError(`The schedule ${name} has "${cell}" in line ${device + 1}, cell ${column + 1}; `
      + "expected is a stage, F, I, W, B, SEND_F, RECV_F, SEND_B or RECV_B, and a micro-batch, such as 2I0.");
  }
  return [{ stage: Number(match[1]), kind: match[2] as Action["kind"], microBatch: Number(match[3]) }];
}
