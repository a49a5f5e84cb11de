/** Arithmetic without rounding: expressions of numbers, + - * / and parentheses, as fractions. */

export interface Fraction {
  readonly numerator: bigint;
  /** Above 0. */
  readonly denominator: bigint;
}

export interface Expression {
  /** In lowest terms; `undefined` where it divides by zero. */
  readonly value: Fraction | undefined;
  /** The numbers written in it, in order. */
  readonly numbers: readonly number[];
}

/** Longer texts are no answer to anything asked here, and would nest too deep. */
const LONGEST = 400;

/** Reads an expression; `undefined` where the text is not one. */
export function parseExpression(text: string): Expression | undefined {
  const tokens = text.length > LONGEST ? null : text.match(/\d{1,15}(?:\.\d{1,15})?|\S/gu);
  if (tokens === null) return undefined;
  const numbers: number[] = [];
  let at = 0;
  const failed = Symbol("no expression");
  type Part = Fraction | undefined | typeof failed;

  const sum = (): Part => chain(product, ["+", "-"]);
  const product = (): Part => chain(factor, ["*", "/"]);
  function chain(part: () => Part, operators: readonly string[]): Part {
    let left = part();
    while (left !== failed && operators.includes(tokens?.[at] ?? "")) {
      const operator = tokens?.[at++] ?? "";
      const right = part();
      left = right === failed ? failed : combine(operator, left, right);
    }
    return left;
  }
  function factor(): Part {
    const token = tokens?.[at++] ?? "";
    if (/^\d/.test(token)) {
      numbers.push(Number(token));
      return fractionOf(token);
    }
    if (token === "-") {
      const negated = factor();
      return negated === failed || negated === undefined ? negated : { ...negated, numerator: -negated.numerator };
    }
    if (token !== "(") return failed;
    const inside = sum();
    return tokens?.[at++] === ")" ? inside : failed;
  }

  const value = sum();
  return value === failed || at < tokens.length ? undefined : { value, numbers };
}

/** `3`, `-7/2` */
export function formatFraction({ numerator, denominator }: Fraction): string {
  return denominator === 1n ? String(numerator) : `${numerator}/${denominator}`;
}

export function equalsInteger(value: Fraction | undefined, integer: number): boolean {
  return value?.denominator === 1n && value.numerator === BigInt(integer);
}

function fractionOf(decimal: string): Fraction {
  const [whole = "", decimals = ""] = decimal.split(".");
  return lowest(BigInt(whole + decimals), 10n ** BigInt(decimals.length));
}

function combine(operator: string, a: Fraction | undefined, b: Fraction | undefined): Fraction | undefined {
  if (a === undefined || b === undefined) return undefined;
  switch (operator) {
    case "+":
      return lowest(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator);
    case "-":
      return lowest(a.numerator * b.denominator - b.numerator * a.denominator, a.denominator * b.denominator);
    case "*":
      return lowest(a.numerator * b.numerator, a.denominator * b.denominator);
    default:
      return b.numerator === 0n ? undefined : lowest(a.numerator * b.denominator, a.denominator * b.numerator);
  }
}

function lowest(numerator: bigint, denominator: bigint): Fraction {
  let [a, b] = [numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator];
  while (b !== 0n) [a, b] = [b, a % b];
  const divisor = denominator < 0n ? -a : a;
  return { numerator: numerator / divisor, denominator: denominator / divisor };
}
