import type { ExposureTable, MeasureDocument } from "../api/types";

/** A column of numbers, with what they are. */
export interface Column {
  measure: MeasureDocument;
  values: readonly (number | null)[];
}

export function columnOf(table: ExposureTable, name: string): Column | null {
  const at = table.measures.findIndex((measure) => measure.name === name);
  const [measure, values] = [table.measures[at], table.values[at]];
  return measure && values ? { measure, values } : null;
}

/** Every column, in the order in which they matter. */
export function columnsOf(table: ExposureTable): Column[] {
  return table.measures.flatMap((measure) => columnOf(table, measure.name) ?? []);
}

/** By what rows are sorted: a measure, "time" or "name". */
export interface Sorting {
  by: string;
  descending: boolean;
}

const BY_NAME = new Intl.Collator(undefined, { numeric: true });

export const NEWEST_FIRST: Sorting = { by: "time", descending: true };

/** Places of the exposures in an order; what is not known comes last. */
export function inOrder(table: ExposureTable, { by, descending }: Sorting): number[] {
  const places = Array.from({ length: table.count }, (_, at) => at);
  if (by === "time") return descending ? places.reverse() : places; // they come as they were taken
  const sign = descending ? -1 : 1;
  if (by === "name") return places.sort((a, b) => sign * BY_NAME.compare(table.names[a] ?? "", table.names[b] ?? ""));
  const values = columnOf(table, by)?.values ?? [];
  return places.sort((a, b) => {
    const [one, other] = [values[a] ?? null, values[b] ?? null];
    if (one === null || other === null) return Number(one === null) - Number(other === null) || a - b;
    return sign * (one - other) || a - b;
  });
}

/** What the address says of the order. */
export function sortingOf(params: URLSearchParams): Sorting {
  const by = params.get("sort");
  return by === null ? NEWEST_FIRST : { by, descending: params.has("descending") };
}

export function asSearch({ by, descending }: Sorting): string {
  if (by === NEWEST_FIRST.by && descending === NEWEST_FIRST.descending) return "";
  return `?${new URLSearchParams({ sort: by, ...(descending && { descending: "" }) }).toString()}`;
}

/** The sorting that a click on a heading leads to: up, down, and back to the newest first. */
export function nextSorting(now: Sorting, by: string): Sorting {
  if (now.by !== by) return { by, descending: false };
  return now.descending ? NEWEST_FIRST : { by, descending: true };
}

/** What stands before and behind an exposure in an order. */
export interface Neighbours {
  /** Of the exposure in the order, from 0; below 0 it is not among them. */
  at: number;
  previous: string | null;
  next: string | null;
}

export function neighbours(ids: readonly string[], order: readonly number[], exposure: string): Neighbours {
  const at = order.findIndex((place) => ids[place] === exposure);
  const id = (place: number | undefined) => (place === undefined ? null : (ids[place] ?? null));
  return { at, previous: at > 0 ? id(order[at - 1]) : null, next: at >= 0 ? id(order[at + 1]) : null };
}
