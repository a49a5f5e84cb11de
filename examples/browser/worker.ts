/** Opens models and writes texts beside the page, so that the page always answers. */
import { env } from "onnxruntime-web/wasm";
import runtime from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import binary from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { Generator } from "../../src/decode/language/generator.ts";
import { reasonOf } from "../../src/exchange/checked-json.ts";
import type { ToPage, ToWorker } from "./messages.ts";
import { openModel } from "./open-model.ts";

env.wasm.wasmPaths = { mjs: new URL(runtime, location.href), wasm: new URL(binary, location.href) };

let generator: Generator | undefined;
let stopped = false;

function tell(message: ToPage): void {
  postMessage(message);
}

async function open({ folder, weights }: Extract<ToWorker, { kind: "open" }>): Promise<void> {
  await generator?.dispose();
  generator = undefined;
  const opened = await openModel(new URL(folder), weights, (loaded, total) => tell({ kind: "loading", loaded, total }));
  ({ generator } = opened);
  tell({ kind: "opened", facts: opened.facts });
}

async function write({ prompt, options }: Extract<ToWorker, { kind: "write" }>): Promise<void> {
  if (generator === undefined) throw new Error("No model is open; open one first.");
  stopped = false;
  const start = performance.now();
  let tokens = 0;
  for await (const { text, token, reason } of generator.stream(prompt, options)) {
    if (token !== undefined) tokens++;
    tell({ kind: "text", text, tokens, seconds: (performance.now() - start) / 1000 });
    if (reason !== undefined) return tell({ kind: "finished", reason });
    await otherMessages();
    if (stopped) return tell({ kind: "finished", reason: "stopped" });
  }
}

const channel = new MessageChannel();

/** Lets the page's messages come in; a timer would wait for some milliseconds at each token. */
function otherMessages(): Promise<void> {
  return new Promise((resolve) => {
    channel.port1.onmessage = () => resolve();
    channel.port2.postMessage(undefined);
  });
}

async function answer(message: ToWorker): Promise<void> {
  switch (message.kind) {
    case "open":
      return open(message);
    case "write":
      return write(message);
    case "stop":
      stopped = true;
      return;
    default:
      throw new TypeError(`unknown message: ${JSON.stringify(message satisfies never)}`);
  }
}

addEventListener("message", ({ data }: MessageEvent<ToWorker>) => {
  answer(data).catch((error: unknown) => tell({ kind: "failed", message: reasonOf(error) }));
});
