import type { PlotDocument } from "../../api/types";

/** From a lowest to a highest value; null: without such a limit. */
export type Range = readonly [number | null, number | null];

/** What is marked in a plot; along an axis of null, everything. */
export interface Marked {
  x: Range | null;
  y: Range | null;
}

export const NOTHING: Marked = { x: null, y: null };

const RESERVED = new Set(["False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield"]);

/** A column as a condition names it. */
export function columnWord(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) && !RESERVED.has(name) ? name : `column(${JSON.stringify(name)})`;
}

/** What rows that are marked satisfy; empty if nothing is marked. */
export function conditionOf({ x, y }: PlotDocument, marked: Marked): string {
  const parts = [marked.x && between(x.name, marked.x), y && marked.y && between(y.name, marked.y)];
  return parts.filter(Boolean).join(" and ");
}

function between(name: string, [low, high]: Range): string {
  return `${low === null ? "" : `${low} <= `}${columnWord(name)}${high === null ? "" : ` <= ${high}`}`;
}

/** A condition that asks for a value of a column. */
export function isValue(name: string, value: string): string {
  return value === "true" || value === "false" ? `${columnWord(name)} == ${value === "true" ? "True" : "False"}` : `${columnWord(name)} == ${JSON.stringify(value)}`;
}

/** Two conditions, of which either may be empty. */
export function both(filter: string, more: string): string {
  if (!filter || !more) return filter || more;
  return `${bracketed(filter)} and ${bracketed(more)}`;
}

function bracketed(condition: string): string {
  return /\b(or|if|not)\b/.test(condition) ? `(${condition})` : condition;
}

/** What is marked between two places of an axis, in either order, with as many digits as the axis tells apart. */
export function rangeOf({ low, high, whole }: PlotDocument["x"], from: number, to: number): Range {
  const [first, last] = [Math.max(low, Math.min(from, to)), Math.min(high, Math.max(from, to))];
  if (whole) return [Math.ceil(first), Math.floor(last)];
  const digits = Math.min(12, Math.max(0, Math.ceil(3 - Math.log10(high - low))));
  return [Number(first.toFixed(digits)), Number(last.toFixed(digits))];
}

/** What a person typed as a number; null if it is none. */
export function numberIn(text: string): number | null {
  const plain = text.replaceAll(/\s/g, "").replace("−", "-");
  return plain !== "" && Number.isFinite(Number(plain)) ? Number(plain) : null;
}
