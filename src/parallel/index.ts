export { balancedPartition } from "./balanced-partition.ts";
export { withCommunication } from "./communication.ts";
export {
  formatAction, ScheduleError, stageDevices,
  type Action, type Communication, type Computation, type PipelineSchedule, type ScheduleSize,
} from "./schedule.ts";
export { worldSize } from "./transports/job.ts";
export { openTransport } from "./transports/open-transport.ts";
export { inProcessTransports, runRanks, type InProcessTransport } from "./transports/in-process.ts";
export { TransportError, type Group, type Message, type Transport } from "./transport.ts";
export { parseScheduleCsv, writeScheduleCsv } from "./schedule-csv.ts";
export { generateSchedule, scheduleBubble, scheduleNames, type ScheduleName } from "./schedules/generators.ts";
export type { Costs, TimedAction } from "./schedule-player.ts";
export { EQUAL_COSTS, playSchedule, type Timeline } from "./timeline.ts";
export { validateSchedule } from "./validate.ts";
