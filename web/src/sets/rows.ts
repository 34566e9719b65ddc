import type { ColumnDocument, RowPage } from "../api/types";
import { count, measured } from "../kit/format";

export const PAGE = 200; // rows that are asked for at a time

/** More than this cannot be scrolled through: browsers draw no taller boxes. */
export const MOST_ROWS = 1_000_000;

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
