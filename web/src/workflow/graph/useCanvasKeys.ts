import { useReactFlow } from "@xyflow/react";
import type { KeyboardEvent } from "react";
import { neighbour, type Layout } from "./layout";
import { CARD } from "./model";

const STEP = 120; // px that the view moves at a time

const MOVES: Record<string, [number, number]> = { ArrowRight: [-STEP, 0], ArrowLeft: [STEP, 0], ArrowDown: [0, -STEP], ArrowUp: [0, STEP] };

/** Arrow keys go from run to run; with Shift they move the view; Enter zooms to the selected run, O opens what it has made, plus and minus zoom, 0 fits. */
export function useCanvasKeys(layout: Layout | undefined, selected: string | null, select: (run: string) => void, fit: () => Promise<boolean>, open: (run: string) => void) {
  const flow = useReactFlow();
  const others: Record<string, () => Promise<boolean>> = {
    "+": () => flow.zoomIn(),
    "=": () => flow.zoomIn(),
    "-": () => flow.zoomOut(),
    "0": fit,
    Enter: () => {
      const place = selected ? layout?.places.get(selected) : undefined;
      return place ? flow.setCenter(place.x + CARD.width / 2, place.y + CARD.height / 2, { zoom: 1 }) : Promise.resolve(false);
    },
  };
  return (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key];
    const act = others[event.key];
    if (event.key === "o" && selected) {
      open(selected);
    } else if (act) {
      void act();
    } else if (move && event.shiftKey) {
      const { x, y, zoom } = flow.getViewport();
      void flow.setViewport({ x: x + move[0], y: y + move[1], zoom });
    } else if (move && layout) {
      const next = selected && layout.places.has(selected) ? neighbour(layout.places, selected, event.key) : layout.places.keys().next().value;
      if (next) select(next);
    } else {
      return;
    }
    event.preventDefault();
  };
}
