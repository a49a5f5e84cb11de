/** A command of SCAN with the actions that carry it out, separated by spaces. */
export interface ScanCommand {
  readonly command: string;
  readonly actions: string;
}

interface Phrase {
  readonly words: string;
  readonly actions: readonly string[];
}

const UNITS: readonly Phrase[] = ["walk", "look", "run", "jump"].map((words) => ({ words, actions: [`I_${words.toUpperCase()}`] }));
const DIRECTIONS = ["left", "right"] as const;

/** All 20,910 commands of SCAN's grammar with their meaning (Lake and Baroni 2018, supplementary figures 6 and 7). */
export function scanCommands(): ScanCommand[] {
  const clauses = directed().flatMap(({ words, actions }): Phrase[] => [
    { words, actions },
    { words: `${words} twice`, actions: repeat(actions, 2) },
    { words: `${words} thrice`, actions: repeat(actions, 3) },
  ]);
  const joined = clauses.flatMap((first) => clauses.flatMap((second): Phrase[] => [
    { words: `${first.words} and ${second.words}`, actions: [...first.actions, ...second.actions] },
    { words: `${first.words} after ${second.words}`, actions: [...second.actions, ...first.actions] },
  ]));
  return [...clauses, ...joined].map(({ words, actions }) => ({ command: words, actions: actions.join(" ") }));
}

/** Units alone and in a direction: `jump`, `jump left`, `turn opposite right`, `walk around left`. */
function directed(): Phrase[] {
  const turning: Phrase = { words: "turn", actions: [] };
  const inDirection = [...UNITS, turning].flatMap(({ words, actions }) => DIRECTIONS.flatMap((direction): Phrase[] => {
    const turn = `I_TURN_${direction.toUpperCase()}`;
    return [
      { words: `${words} ${direction}`, actions: [turn, ...actions] },
      { words: `${words} opposite ${direction}`, actions: [turn, turn, ...actions] },
      { words: `${words} around ${direction}`, actions: repeat([turn, ...actions], 4) },
    ];
  }));
  return [...UNITS, ...inDirection];
}

function repeat(actions: readonly string[], times: number): string[] {
  return Array.from({ length: times }, () => actions).flat();
}
