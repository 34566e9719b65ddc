import { useStore, type Edge, type EdgeProps } from "@xyflow/react";
import { memo } from "react";
import { count } from "../../kit/format";
import { rounded, type Place } from "./layout";

export type WovenFlowEdge = Edge<{ points: Place[]; items: number; live: boolean; near: boolean }, "woven">;

const FAR = 0.5;

/** A connection along the way that the layout found, with the number of items that go over it. */
export const WovenEdge = memo(function WovenEdge({ data }: EdgeProps<WovenFlowEdge>) {
  const far = useStore((store) => store.transform[2] < FAR);
  if (!data) return null;
  const { points, items, live, near } = data;
  const label = labelPlace(points);
  return (
    <>
      <path className={`edge${live ? " live" : ""}${near ? " near" : ""}`} d={rounded(points)} />
      {!far && items > 0 && label && <text className="edge-count" x={label.x} y={label.y - 6}>{count(items)}</text>}
    </>
  );
});

/** The middle of the last straight piece before the card that reads. */
function labelPlace(points: readonly Place[]): Place | null {
  const [from, to] = points.slice(-2);
  return from && to ? { x: Math.max((from.x + to.x) / 2, to.x - 32), y: to.y } : null;
}
