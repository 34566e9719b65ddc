import { useReducedMotion } from "@mantine/hooks";
import { useReactFlow, useStoreApi } from "@xyflow/react";
import { useShown } from "../../kit/useShown";
import type { Layout } from "./layout";
import { CARD } from "./model";

const READABLE = 0.7;

/** Brings the selected card into view when it is not. */
export function useInView(layout: Layout | undefined, selected: string | null): void {
  const flow = useReactFlow();
  const store = useStoreApi();
  const still = useReducedMotion();
  const place = selected ? layout?.places.get(selected) : undefined;
  useShown(selected, place && store.getState().width > 0 ? 0 : -1, () => {
    if (!place) return;
    const { width, height } = store.getState();
    const { x, y, zoom } = flow.getViewport();
    const [left, top] = [place.x * zoom + x, place.y * zoom + y];
    const inside = left >= 0 && top >= 0 && left + CARD.width * zoom <= width && top + CARD.height * zoom <= height;
    if (!inside) void flow.setCenter(place.x + CARD.width / 2, place.y + CARD.height / 2, { zoom: Math.max(zoom, READABLE), duration: still ? 0 : 150 });
  });
}
