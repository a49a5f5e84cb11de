/** Fields that every run's configuration has. */
import { z } from "zod";

export const engineSchema = z
  .strictObject({
    kind: z.literal("onnx").default("onnx").describe("ONNX Runtime on the CPU."),
    threads: z.int().min(1).optional().describe("Threads of one operation; absent: all cores."),
  })
  .prefault({})
  .describe("What the numeric work runs on.");

export const runFields = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, {
      error: 'letters, digits, ".", "_" and "-", the first a letter, a digit or "_"',
    })
    .describe('Name of the run and of its folder: letters, digits, ".", "_" and "-".'),
  directory: z
    .string()
    .min(1)
    .default("runs")
    .describe("Folder that holds the run's folder, relative to the working directory."),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1)
    .describe("Where all randomness starts."),
};
