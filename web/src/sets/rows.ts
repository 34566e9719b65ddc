import type { ColumnDocument, RowPage } from "../api/types";
import { count, measured } from "../kit/format";

export const PAGE = 200; // rows that are asked for at a time

/** Images beyond this cannot be scrolled to: browsers draw no taller boxes. */
export const MOST_ROWS = 1_000_000;

/** Rows that are scrolled through at a time; of larger sets there are several parts. */
export const PART = 500_000;

/** The part of a set in which a row lies: its first row, and how many there are; rows are counted from 0. */
export function partOf(row: number, matching: number): { start: number; length: number } {
  const start = PART * Math.floor(Math.max(0, Math.min(row, matching - 1)) / PART);
  return { start, length: Math.min(PART, matching - start) };
}

/** Where a key leads from a row among so many; null if it does not move. */
export function movedRow(key: string, at: number, length: number, inView: number): number | null {
  const moves: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + inView, PageUp: at - inView, Home: 0, End: length - 1 };
  const to = moves[key];
  return to === undefined ? null : Math.max(0, Math.min(length - 1, to));
}

/** Which pages hold the rows from first to last, both included. */
export function pagesOf(first: number, last: number): number[] {
  if (last < first) return [];
  const [from, to] = [Math.floor(first / PAGE), Math.floor(last / PAGE)];
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

/** The row of a place, if its page has come. */
export function rowAt(pages: ReadonlyMap<number, RowPage>, index: number): unknown[] | undefined {
  return pages.get(Math.floor(index / PAGE))?.rows[index % PAGE];
}

/** How many items there are, in words; of a page of a former question nothing is told of the present one. */
export function toldCount({ matching, count: held }: RowPage, filtered: boolean, former: boolean): string {
  if (former) return "looking …";
  return filtered ? `${count(matching)} of ${count(held)} match` : `${count(held)} items`;
}

/** What is shown below the filter: the items, that there are none, or only the answer to a former question so far. */
export function shownOf(page: RowPage | undefined, former: boolean): "items" | "none" | "former" | null {
  if (!page) return null;
  if (former) return "former";
  return page.matching > 0 ? "items" : "none";
}

export function isNumber(column: ColumnDocument): boolean {
  return !isIdentity(column) && /^(u?int|float)/.test(column.type);
}

export function isIdentity(column: ColumnDocument): boolean {
  return column.type.endsWith("uint64");
}

/** Width of a column, px: as wide as its heading, and as what it holds needs. */
export function widthOf(column: ColumnDocument): number {
  const heading = 7.4 * (column.name.length + (column.unit ? column.unit.length + 1 : 0)) + 36;
  const content = isIdentity(column) ? 148 : isNumber(column) ? 88 : column.type.startsWith("list") ? 160 : 180;
  return Math.round(Math.max(heading, content));
}

/** A value as a cell shows it. */
export function cellText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return measured(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) return value.map(cellText).join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}
