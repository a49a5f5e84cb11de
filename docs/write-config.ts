import { writeFileSync } from "node:fs";
import { configMarkdown } from "../src/train/config/markdown.ts";

writeFileSync(new URL("config.md", import.meta.url), configMarkdown());
