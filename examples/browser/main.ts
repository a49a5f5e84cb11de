import type { TextGenerationOptions } from "../../src/decode/language/generation-options.ts";
import type { OnnxWeights } from "../../src/exchange/onnx-files.ts";
import type { ModelFacts, ToPage, ToWorker } from "./messages.ts";

const page = {
  model: find("model", HTMLFormElement), folder: find("folder", HTMLInputElement), weights: find("weights", HTMLSelectElement),
  open: find("open", HTMLButtonElement), facts: find("facts", HTMLElement), progress: find("progress", HTMLProgressElement),
  writing: find("writing", HTMLFormElement), prompt: find("prompt", HTMLTextAreaElement),
  greedy: find("greedy", HTMLInputElement), temperature: find("temperature", HTMLInputElement), topP: find("top-p", HTMLInputElement),
  seed: find("seed", HTMLInputElement), maxTokens: find("max-tokens", HTMLInputElement),
  generate: find("generate", HTMLButtonElement), stop: find("stop", HTMLButtonElement),
  status: find("status", HTMLElement), error: find("error", HTMLElement), given: find("given", HTMLElement), text: find("text", HTMLElement),
};

/** Why a text ends, for its reader. */
const REASONS: Readonly<Record<Extract<ToPage, { kind: "finished" }>["reason"], string>> = {
  end: "the model ended the text", stop: "a stop text came", complete: "complete", length: "max tokens reached",
  context: "the model can look at no more tokens", stopped: "stopped",
};

type Phase = "empty" | "opening" | "ready" | "writing";
let phase: Phase = "empty";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.addEventListener("message", ({ data }: MessageEvent<ToPage>) => show(data));
worker.addEventListener("error", ({ message }) => fail(`The page's worker does not run in this browser (${message}); use a newer one.`));

page.model.addEventListener("submit", (event) => {
  event.preventDefault();
  open(undefined);
});
page.weights.addEventListener("change", () => open(page.weights.value as OnnxWeights));
page.writing.addEventListener("submit", (event) => {
  event.preventDefault();
  write();
});
page.stop.addEventListener("click", () => ask({ kind: "stop" }));
page.writing.addEventListener("change", enable);
addEventListener("keydown", (event) => {
  if (event.key === "Escape" && phase === "writing") ask({ kind: "stop" });
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && phase === "ready") write();
});

page.folder.value = new URLSearchParams(location.search).get("model") ?? page.folder.value;
open(undefined);

function open(weights: OnnxWeights | undefined): void {
  const given = page.folder.value.trim();
  if (!URL.canParse(given, location.href)) return fail(`"${given}" is no address of a folder; give one such as model/.`);
  const folder = new URL(given.endsWith("/") ? given : `${given}/`, location.href);
  enter("opening");
  page.facts.textContent = "";
  page.status.textContent = "Loading…";
  page.progress.removeAttribute("value");
  ask({ kind: "open", folder: folder.href, weights });
}

function write(): void {
  enter("writing");
  page.given.textContent = page.prompt.value;
  page.text.textContent = "";
  page.status.textContent = "Reading the prompt…";
  ask({ kind: "write", prompt: page.prompt.value, options: options() });
}

/** What makes no sense is for the generator to say. */
function options(): TextGenerationOptions {
  const { greedy, temperature, topP, seed, maxTokens } = page;
  const draws = { temperature: temperature.valueAsNumber, topP: topP.valueAsNumber, seed: seed.valueAsNumber };
  return { maxTokens: maxTokens.valueAsNumber, ...(greedy.checked ? { greedy: true } : draws) };
}

function show(message: ToPage): void {
  switch (message.kind) {
    case "loading":
      if (message.total > 0) page.progress.value = message.loaded / message.total;
      page.status.textContent = `Loading… ${megabytes(message.loaded)}${message.total > 0 ? ` of ${megabytes(message.total)}` : ""}`;
      return;
    case "opened":
      describe(message.facts);
      page.status.textContent = "";
      return enter("ready");
    case "text":
      page.text.append(message.text);
      page.status.textContent = `${message.tokens} token${message.tokens === 1 ? "" : "s"} · ${speed(message.tokens / message.seconds)} tokens/s`;
      return;
    case "finished":
      page.status.textContent += ` · ${REASONS[message.reason]}`;
      return enter("ready");
    case "failed":
      return fail(message.message);
    default:
      throw new TypeError(`unknown message: ${JSON.stringify(message satisfies never)}`);
  }
}

function fail(message: string): void {
  page.status.textContent = "";
  if (phase !== "writing") page.facts.textContent = "No model is open.";
  enter(phase === "writing" ? "ready" : "empty");
  page.error.textContent = message;
  page.error.hidden = false;
}

function describe({ architecture, layers, dimension, vocabulary, context, weights, bytes, available }: ModelFacts): void {
  page.facts.textContent = `${architecture} · ${layers} layer${layers === 1 ? "" : "s"} of ${dimension} · ${vocabulary.toLocaleString("en")} tokens · `
    + `context ${context.toLocaleString("en")} · ${weights}, ${megabytes(bytes)}`;
  page.weights.replaceChildren(...available.map((name) => new Option(name, name, false, name === weights)));
}

function enter(next: Phase): void {
  phase = next;
  page.error.hidden = true;
  page.progress.hidden = phase !== "opening";
  page.text.parentElement?.setAttribute("aria-busy", String(phase === "writing"));
  enable();
}

function enable(): void {
  page.open.disabled = phase === "opening" || phase === "writing";
  page.weights.disabled = phase !== "ready" || page.weights.options.length < 2;
  page.generate.disabled = phase !== "ready";
  page.stop.disabled = phase !== "writing";
  for (const input of [page.temperature, page.topP, page.seed]) input.disabled = page.greedy.checked;
}

function ask(message: ToWorker): void {
  worker.postMessage(message);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} MB`;
}

function speed(tokensPerSecond: number): string {
  return tokensPerSecond.toLocaleString("en", { maximumFractionDigits: tokensPerSecond < 10 ? 1 : 0 });
}

function find<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
  const found = document.getElementById(id);
  if (found instanceof kind) return found;
  throw new Error(`The page lacks the element "${id}".`);
}
