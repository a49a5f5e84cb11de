import { PhraseTranslator, type Explanation } from "../../phrase/run/phrase-translator.ts";
import { joinWords } from "../../phrase/words/split-words.ts";
import type { PhraseView } from "./audit-report.ts";

export type PhraseViewer = (sentence: string) => PhraseView;

/** Opens a phrase-based translator that says of any sentence which of its phrases the table holds. @throws as `PhraseTranslator.open` */
export async function openPhraseView(run: string): Promise<PhraseViewer> {
  const translator = await PhraseTranslator.open(run);
  return (sentence) => viewOf(translator.explain(sentence));
}

function viewOf({ source, translation, used, held }: Explanation): PhraseView {
  const longest = held.reduce((most, { from, to }) => Math.max(most, to - from), Math.min(1, source.length));
  return {
    output: translation.text,
    used: used.map((phrase) => ({ source: joinWords(phrase.source), target: joinWords(phrase.target), held: phrase.held })),
    held: Array.from({ length: longest }, (_, at) => ({
      words: at + 1, phrases: source.length - at, held: held.filter(({ from, to }) => to - from === at + 1).length,
    })),
  };
}
