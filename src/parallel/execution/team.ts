import { packageVersion } from "../../train/run/package-version.ts";
import type { Team } from "../../train/team.ts";
import { ScheduleError } from "../schedule.ts";
import { everyoneOf, type Transport } from "../transport.ts";
import { layoutOf } from "./layout.ts";
import { broadcastJson, ParallelPrograms } from "./parallel-programs.ts";

/** The processes of a transport as a team; the first rank leads. */
export async function teamOf(transport: Transport): Promise<Team> {
  const world = await everyoneOf(transport);
  return {
    leads: transport.rank === 0,
    share: (value) => broadcastJson(world, value),
    agreeOn: async (config) => {
      const value = JSON.stringify([packageVersion(), config]);
      const expected = await broadcastJson(world, value);
      const differs = new Float64Array(transport.size);
      differs[transport.rank] = Number(expected !== value);
      await world.allReduce(differs);
      const rank = differs.findIndex((differing) => differing > 0);
      if (rank >= 0) throw new ScheduleError(`Rank ${rank} was started with another configuration or version than rank 0; start all processes with the same command, files and installation.`);
      layoutOf(transport.size, config.training.accumulate, config.parallel);
    },
    compile: (engine, task, options) => ParallelPrograms.compile(engine, task, { transport, world }, options),
  };
}
