import type { TextVocabulary } from "../vocabulary.ts";

const REPLACEMENT = "\uFFFD";

/**
 * The bytes that each token adds to a text; `undefined` for a token that adds none, such as one that ends texts.
 * `before` are tokens that the text goes on from: a spelling may differ at the beginning of a text.
 */
export function tokenBytes(vocabulary: TextVocabulary, before: readonly number[]): (Uint8Array | undefined)[] {
  const start = vocabulary.decode(before);
  return Array.from({ length: vocabulary.size }, (_, id) => {
    const spelled = spelledBytes(vocabulary.token(id));
    const text = vocabulary.decode([...before, id]).slice(start.length);
    const bytes = text.includes(REPLACEMENT) && spelled !== undefined ? spelled : encoder.encode(text);
    return bytes.length === 0 ? undefined : bytes;
  });
}

const encoder = new TextEncoder();

/** The bytes of a token that spells them: one as `<0x0A>`, as in Llama, or characters for bytes, as in GPT-2. */
function spelledBytes(token: string): Uint8Array | undefined {
  const [, hexadecimal] = /^<0x([0-9A-Fa-f]{2})>$/.exec(token) ?? [];
  if (hexadecimal !== undefined) return Uint8Array.of(parseInt(hexadecimal, 16));
  const bytes = Array.from(token, (character) => BYTE_OF.get(character));
  return bytes.every((byte) => byte !== undefined) ? Uint8Array.from(bytes) : undefined;
}

/** Printable characters stand for themselves, and those from U+0100 on for the other bytes in order (GPT-2's encoder). */
const BYTE_OF: ReadonlyMap<string, number> = byteCharacters();

function byteCharacters(): Map<string, number> {
  const map = new Map<string, number>();
  let others = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    map.set(String.fromCharCode(printable ? byte : others++), byte);
  }
  return map;
}
