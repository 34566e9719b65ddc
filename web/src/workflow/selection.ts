import type { KeyboardEvent, MouseEvent } from "react";

/** Where an arrow key leads in a list that is laid out in so many columns; null for other keys. */
export function moved(key: string, at: number, length: number, columns: number): number | null {
  const last = length - 1;
  switch (key) {
    case "ArrowDown":
      return at < 0 ? 0 : Math.min(last, at + columns);
    case "ArrowUp":
      return at < 0 ? last : at - columns < 0 ? at : at - columns;
    case "ArrowRight":
      return columns > 1 ? Math.min(last, at + 1) : null;
    case "ArrowLeft":
      return columns > 1 ? Math.max(0, at - 1) : null;
    case "PageDown":
      return Math.min(last, Math.max(0, at) + 10 * columns);
    case "PageUp":
      return Math.max(0, at - 10 * columns);
    case "Home":
      return 0;
    case "End":
      return last;
    default:
      return null;
  }
}

/** Handlers for a box whose descendants carry `data-run`: a click or an arrow key selects one. */
export function selecting(order: readonly string[], selected: string | null, select: (run: string) => void, columns = 1) {
  return {
    onKeyDown: (event: KeyboardEvent) => {
      const to = moved(event.key, selected ? order.indexOf(selected) : -1, order.length, columns);
      const run = to === null ? undefined : order[to];
      if (run === undefined) return;
      event.preventDefault();
      select(run);
    },
    onClick: (event: MouseEvent) => {
      const run = (event.target as Element).closest<HTMLElement>("[data-run]")?.dataset.run;
      if (run) select(run);
    },
  };
}
