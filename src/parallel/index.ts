export { balancedPartition } from "./balanced-partition.ts";
export { withCommunication } from "./communication.ts";
export { costProfileSchema, type CostProfile, type CostUnit } from "./cost-profile.ts";
export { teamOf } from "./execution/team.ts";
export { formatLayout, parseLayout, type Layout, type LayoutContext } from "./plan/layout.ts";
export { searchLayouts, type Plan, type PlannedLayout, type PlanQuestion } from "./plan/search.ts";
export { simulate, type SimulatedDevice, type Simulation } from "./plan/simulate.ts";
export { timelineChart } from "./plan/timeline-chart.ts";
export {
  formatAction, ScheduleError, stageDevices,
  type Action, type Communication, type Computation, type PipelineSchedule, type ScheduleSize,
} from "./schedule.ts";
export { worldSize } from "./transports/job.ts";
export { openTransport, type ObservedTransport } from "./transports/open-transport.ts";
export { Monitor, type MonitorOptions } from "./monitor/monitor.ts";
export { inProcessTransports, runRanks, type InProcessTransport } from "./transports/in-process.ts";
export { everyoneOf, NoTransportError, TransportError, type Group, type Message, type Transport } from "./transport.ts";
export { parseScheduleCsv, writeScheduleCsv } from "./schedule-csv.ts";
export { generateSchedule, scheduleBubble, scheduleNames, type ScheduleName } from "./schedules/generators.ts";
export type { Costs, TimedAction } from "./schedule-player.ts";
export { EQUAL_COSTS, playSchedule, type Timeline } from "./timeline.ts";
export { validateSchedule } from "./validate.ts";
