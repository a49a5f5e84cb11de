import type { Command } from "commander";
import type { Io } from "./io.ts";

/** `decade scale`: the commands about what growing buys, each in a file of its own. */
export function addScale(program: Command, io: Io): void {
  const scale = program.command("scale").description("laws of growth: compare how groups scale");
  for (const add of [] as ((scale: Command, io: Io) => void)[]) add(scale, io);
}
