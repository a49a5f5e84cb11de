#!/usr/bin/env node
import { quickstart } from "./quickstart-program.ts";

process.exitCode = await quickstart(process.argv.slice(2));
