/** A Unicode normalisation form (Unicode Standard Annex 15). */
export type NormalizationForm = "NFC" | "NFD" | "NFKC" | "NFKD";

/**
 * Returns `text` in one normalisation form, so that the same written text is the same string: "é" may arrive as one
 * code point or as "e" and a combining accent. The default, NFC, is the form that the tokenizers apply as well; it
 * changes nothing that a reader can see. The K forms also replace compatibility characters ("ﬁ" becomes "fi").
 */
export function normalizeText(text: string, form: NormalizationForm = "NFC"): string {
  return text.normalize(form);
}
