#!/usr/bin/env node
import { worldSize } from "../parallel/transports/job.ts";
import { main } from "./program.ts";

process.exitCode = await main(process.argv.slice(2));
// A rank that failed has others waiting for it: its end, whatever it was waiting for itself, ends the job.
if (process.exitCode !== 0 && worldSize() > 1) process.exit();
