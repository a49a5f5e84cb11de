import { fileURLToPath } from "node:url";
import sirv from "sirv";
import { build, preview, type InlineConfig } from "vite";

const ROOT = fileURLToPath(new URL(".", import.meta.url));

/** What lets the page share memory among threads. */
const ISOLATED = { "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Embedder-Policy": "require-corp" };

/** Builds the page: files that any server can serve, for which a model's folder `model` may lie beside them. */
export async function buildPage(output: string): Promise<void> {
  await build({
    ...SETTINGS,
    worker: { format: "es" },
    build: {
      outDir: output, emptyOutDir: true, target: "es2022", assetsInlineLimit: 0,
      rolldownOptions: { checks: { pluginTimings: false } },
    },
  });
}

const SETTINGS: InlineConfig = {
  root: ROOT, configFile: false, logLevel: "warn", base: "./", appType: "mpa",
  // The runtime's own files are served as they are, so that its threads can load them.
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "production"] },
};

export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/** Serves a page that was built, on this machine only, and a folder with a model as its `model`. */
export async function servePage(output: string, model: string, port: number): Promise<PageServer> {
  const server = await preview({
    ...SETTINGS,
    build: { outDir: output },
    preview: { port, host: "localhost", headers: ISOLATED },
    plugins: [{
      name: "model",
      configurePreviewServer: ({ middlewares }) => void middlewares.use("/model", sirv(model, { dev: true })),
    }],
  });
  const [url] = server.resolvedUrls?.local ?? [];
  if (url === undefined) throw new Error("The page's server listens nowhere.");
  return { url, close: () => server.close() };
}
