import type { Draws } from "./draws.ts";
import { generatedProblems } from "./generated-problems.ts";
import type { Problem, Task } from "./task.ts";

const SIDE = 4;

export interface SudokuData {
  /** 16 cells row by row, `.` where empty. */
  readonly puzzle: string;
  readonly grid: string;
}

/**
 * Sudoku of 4 by 4: each row, column and quarter holds 1 to 4. Of the 288 grids each is in one split with all its
 * puzzles, so that no solution of a test problem is seen in training. A puzzle has one solution.
 */
export function sudoku(name: string, { givens }: { readonly givens: number }): Task<SudokuData> {
  return {
    name, verifiedBy: "question",
    instruction: "Fill in the Sudoku of 4 by 4, in which each row, column and quarter holds 1 to 4. Write the four rows alone, one a line.",
    length: SIDE * (SIDE + 1),
    problems: async (split, choice) => generatedProblems(name, split, choice, (draws) => drawPuzzle(draws, givens)),
    solution: ({ data: { grid } }) => rowsOf(grid).join("\n"),
    parse(text) {
      const rows = text.trim().split("\n").map((row) => row.trim());
      return rows.length === SIDE && rows.every(isRow) ? rows.join("\n") : undefined;
    },
    verify({ data: { puzzle } }: Problem<SudokuData>, answer) {
      const cells = answer.replaceAll("\n", "");
      return cells.length === SIDE ** 2 && isPossible(cells) && agrees(cells, puzzle);
    },
    steps: {
      separator: "\n",
      verify({ data: { puzzle } }, rows) {
        const cells = rows.join("");
        return rows.length <= SIDE && rows.every(isRow) && isPossible(cells) && agrees(cells, puzzle) ? 1 : 0;
      },
    },
  };
}

function drawPuzzle(draws: Draws, givens: number): Problem<SudokuData> | undefined {
  const grid = draws.pick(allGrids());
  const shown = new Set<number>();
  while (shown.size < givens) shown.add(draws.between(0, SIDE ** 2 - 1));
  const puzzle = [...grid].map((digit, cell) => (shown.has(cell) ? digit : ".")).join("");
  if (allGrids().filter((other) => agrees(other, puzzle)).length > 1) return undefined;
  return { key: puzzle, family: grid, prompt: `${rowsOf(puzzle).join("\n")}\n\n`, data: { puzzle, grid } };
}

/** Whether the cells, of which the last may be missing, are those that the puzzle shows. */
function agrees(cells: string, puzzle: string): boolean {
  return [...cells].every((digit, cell) => puzzle[cell] === "." || puzzle[cell] === digit);
}

/** Whether no digit stands twice in a row, column or quarter of the cells, of which the last may be missing. */
function isPossible(cells: string): boolean {
  const seen = new Set<string>();
  return [...cells].every((digit, cell) => {
    const [row, column] = [Math.floor(cell / SIDE), cell % SIDE];
    const places = [`row ${row} ${digit}`, `column ${column} ${digit}`, `quarter ${row >> 1} ${column >> 1} ${digit}`];
    const free = !places.some((place) => seen.has(place));
    places.forEach((place) => seen.add(place));
    return free;
  });
}

function isRow(text: string): boolean {
  return /^[1-4]{4}$/.test(text);
}

function rowsOf(cells: string): string[] {
  return cells.match(/.{4}/g) ?? [];
}

let grids: readonly string[] | undefined;

function allGrids(): readonly string[] {
  return grids ??= complete("");
}

function complete(cells: string): string[] {
  if (!isPossible(cells)) return [];
  return cells.length === SIDE ** 2 ? [cells] : [..."1234"].flatMap((digit) => complete(cells + digit));
}
