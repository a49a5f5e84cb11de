import { createHash } from "node:crypto";

/** What is decided by a document's text alone, so that its like is on the same side wherever it stands. */
export interface DocumentHash {
  /** A number from [0, 1). Documents below the validation share are held out. */
  readonly side: number;
  /** Another, for what the tokenizer is trained on. */
  readonly sample: number;
  /** UTF-8 bytes of the text. */
  readonly bytes: number;
}

const SIX_BYTES = 2 ** 48;

export function hashDocument(text: string): DocumentHash {
  const content = Buffer.from(text, "utf8");
  const digest = createHash("sha256").update(content).digest();
  return { side: digest.readUIntBE(0, 6) / SIX_BYTES, sample: digest.readUIntBE(6, 6) / SIX_BYTES, bytes: content.length };
}
