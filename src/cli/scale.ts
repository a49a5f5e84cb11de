import type { Command } from "commander";
import type { Io } from "./io.ts";
import { addScaleDesign } from "./scale-design.ts";
import { addScaleFit } from "./scale-fit.ts";
import { addScaleRun } from "./scale-run.ts";
import { addScalePlan } from "./scale-plan.ts";
import { addScaleSlopes } from "./scale-slopes.ts";

/** `decade scale`: the commands about what growing buys, each in a file of its own. */
export function addScale(program: Command, io: Io): void {
  const scale = program.command("scale").description("laws of growth: design and run trainings, fit laws to them, plan what more compute buys, and compare how groups scale");
  for (const add of [addScaleDesign, addScaleRun, addScaleFit, addScalePlan, addScaleSlopes]) add(scale, io);
}
