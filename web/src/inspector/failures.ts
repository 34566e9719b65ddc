import type { FailedItem } from "../api/types";

export interface Failure {
  reason: string;
  excluded: boolean;
  items: FailedItem[];
}

/** Failed items by reason, the commonest first; those that were left out by a person come last. */
export function byReason(items: readonly FailedItem[]): Failure[] {
  const found = new Map<string, Failure>();
  for (const item of items) {
    const key = `${item.excluded} ${item.reason}`;
    const failure = found.get(key) ?? { reason: item.reason, excluded: item.excluded, items: [] };
    failure.items.push(item);
    found.set(key, failure);
  }
  return [...found.values()].sort((a, b) => Number(a.excluded) - Number(b.excluded) || b.items.length - a.items.length);
}
