import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Runs the same work in PyTorch, where `PEER_PYTHON` names a Python that has it; else nothing. The result is filed under `name`. */
export async function runPeer(script: string, size: object, name = "pytorch"): Promise<Record<string, { tokensPerSecond: number; version: string }>> {
  const python = process.env["PEER_PYTHON"];
  if (python === undefined) return {};
  const file = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
  const { stdout } = await promisify(execFile)(python, [file, JSON.stringify(size)]);
  return { [name]: JSON.parse(stdout.trim().split("\n").at(-1) ?? "{}") as { tokensPerSecond: number; version: string } };
}
