/** Rows that can be chosen one by one; a filter chooses any number. */
export const MOST_CHOSEN = 150;

/** Identities of rows. */
export type Chosen = ReadonlySet<string>;

export const NONE: Chosen = new Set();

/** What is chosen when rows are added or taken off; null if that were too many. */
export function withRows(chosen: Chosen, ids: readonly string[], on: boolean): Chosen | null {
  const next = new Set(chosen);
  for (const id of ids) {
    if (on) next.add(id);
    else next.delete(id);
  }
  return next.size > MOST_CHOSEN ? null : next;
}

/** The identities of rows between two places, in either order; null if they are too many, or have not all come yet. */
export function between(from: number, to: number, idAt: (row: number) => string | undefined): string[] | null {
  const [first, last] = [Math.min(from, to), Math.max(from, to)];
  if (last - first >= MOST_CHOSEN) return null;
  const ids = Array.from({ length: last - first + 1 }, (_, at) => idAt(first + at));
  return ids.every((id) => id !== undefined) ? ids : null;
}
