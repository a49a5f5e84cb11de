import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadAnyConfig } from "../src/train/config/load.ts";
import { isTextRunConfig } from "../src/train/config/text.ts";
import { pretrain } from "../src/train/pretrain.ts";
import { runPeer } from "./peer.ts";

/**
 * The whole of `examples/shakespeare.config.ts`, from reading the text to the last validation, and nanoGPT's way of doing the same.
 *
 * Decade judges on 20 batches of the held-out text every 250 steps, and at the end on all of it, which `validationLoss` is of:
 * 286 batches of 768 characters in all. The peer judges, as nanoGPT does, on 20 random batches of each split every 250 steps and before
 * the first: 360 batches; its `validationLoss` is an estimate from the last 20 of them.
 */
export async function shakespeare(threads?: number) {
  const config = await loadAnyConfig(fileURLToPath(new URL("../examples/shakespeare.config.ts", import.meta.url)));
  if (!isTextRunConfig(config) || config.data.kind !== "text") throw new Error("The example trains on text files.");
  const directory = await mkdtemp(join(tmpdir(), "decade-shakespeare-"));
  try {
    const start = performance.now();
    const run = await pretrain({ ...config, directory, engine: { ...config.engine, ...(threads !== undefined && { threads }) } });
    const seconds = (performance.now() - start) / 1000;
    return {
      seconds: Number(seconds.toFixed(1)), validationLoss: run.whole?.loss, tokensPerSecond: Math.round(run.tokensPerSecond),
      peers: await runPeer("shakespeare.py", { file: config.data.files[0], ...(threads !== undefined && { threads }) }),
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}
