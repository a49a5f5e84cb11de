/** `npm run browser -- FOLDER [--port NUMBER]`: builds the page and serves it with an exported model. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPage, servePage } from "./page-server.ts";

function fail(message: string): never {
  console.error(message);
  process.exit(2);
}

const { values: { port }, positionals: [folder, ...others] } = parseArgs({
  options: { port: { type: "string", default: "4173" } }, allowPositionals: true,
});
if (folder === undefined || others.length > 0) fail("Give one folder with a model: npm run browser -- FOLDER [--port NUMBER]");
if (!/^\d+$/.test(port) || Number(port) > 65_535) fail(`--port is ${port}; give a number up to 65535.`);
if (!existsSync(join(folder, "config.json"))) {
  fail(`${folder} has no config.json; give a folder that was written by: npx decade export RUN --format onnx --output FOLDER`);
}

const output = fileURLToPath(new URL("dist", import.meta.url));
await buildPage(output);
const { url } = await servePage(output, folder, Number(port));
console.log(`The page writes with ${folder} at ${url} (Ctrl-C ends it).`);
