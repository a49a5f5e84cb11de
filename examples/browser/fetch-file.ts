import { reasonOf } from "../../src/exchange/checked-json.ts";

/** Whether a file is there. @throws Error where its server does not answer */
export async function exists(url: URL): Promise<boolean> {
  const response = await get(url, "HEAD");
  await response?.text();
  return response !== undefined;
}

/** A file's text; `undefined` where it is missing. @throws Error where its server does not answer */
export async function fetchText(url: URL): Promise<string | undefined> {
  return (await get(url))?.text();
}

/**
 * A file's bytes; `undefined` where it is missing.
 *
 * @param progress is told how many bytes have come, and of how many, 0 where that is not known
 * @throws Error where its server does not answer
 */
export async function fetchBytes(url: URL, progress: (loaded: number, total: number) => void): Promise<Uint8Array | undefined> {
  const response = await get(url);
  const total = Number(response?.headers.get("content-length") ?? 0);
  let loaded = 0;
  const counted = response?.body?.pipeThrough(new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform: (chunk, controller) => {
      loaded += chunk.byteLength;
      progress(loaded, total);
      controller.enqueue(chunk);
    },
  }));
  return counted && new Uint8Array(await new Response(counted).arrayBuffer());
}

async function get(url: URL, method: "GET" | "HEAD" = "GET"): Promise<Response | undefined> {
  const response = await fetch(url, { method }).catch((cause: unknown) => {
    throw new Error(`${url} cannot be fetched (${reasonOf(cause)}); is its server running?`, { cause });
  });
  if (response.ok) return response;
  if (response.status === 404) return undefined;
  throw new Error(`The server of ${url} answers ${response.status} ${response.statusText}; is it allowed to be read?`);
}
