import { spawn, type ChildProcess } from "node:child_process";
import { ownProgram } from "../parallel/launch/own-program.ts";
import { CommandError } from "./errors.ts";

/**
 * Does something while other processes of this program do theirs, and ends them after it.
 * @param args what each of them is given
 * @param begun what each says on standard error when it is at work
 * @throws CommandError where one of them ends before
 */
export async function withCompanions<Result>(count: number, args: readonly string[], begun: string, work: () => Promise<Result>): Promise<Result> {
  const [node, ...program] = ownProgram();
  const companions = Array.from({ length: count }, () => spawn(node, [...program, ...args], { stdio: ["ignore", "ignore", "pipe"] }));
  try {
    await Promise.all(companions.map((companion) => untilSaid(companion, begun)));
    const result = await work();
    if (companions.some(hasEnded)) throw new CommandError("A process that was to compute beside this one ended before it; measure again, with fewer --rounds.");
    return result;
  } finally {
    for (const companion of companions) companion.kill("SIGKILL");
  }
}

function untilSaid(companion: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    companion.stderr?.on("data", (part: Buffer) => {
      said += part.toString();
      if (said.includes(text)) resolve();
    });
    companion.on("error", reject);
    companion.on("close", () => { reject(new CommandError(`A process that was to compute beside this one ended: ${said.trim().split("\n").at(-1) ?? ""}`)); });
  });
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
