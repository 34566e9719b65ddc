import { useStore, ViewportPortal } from "@xyflow/react";
import { memo } from "react";
import { count } from "../../kit/format";
import { FAR, rounded, type Place } from "./layout";

/** A connection as it is drawn. */
export interface EdgeLine {
  id: string;
  points: Place[];
  items: number;
  live: boolean;
  /** Whether it begins or ends at the run that is selected. */
  near: boolean;
}

/** All connections, below the cards, along the ways that the layout found; moving the view draws none of them anew. */
export function EdgeLayer({ lines }: { lines: readonly EdgeLine[] }) {
  const far = useStore((store) => store.transform[2] < FAR);
  return (
    <ViewportPortal>
      <svg className={far ? "edges far" : "edges"} aria-hidden="true">
        {lines.map((line) => <EdgePath key={line.id} line={line} />)}
      </svg>
    </ViewportPortal>
  );
}

const EdgePath = memo(function EdgePath({ line: { points, items, live, near } }: { line: EdgeLine }) {
  const label = labelPlace(points);
  return (
    <g>
      <path className={`edge${live ? " live" : ""}${near ? " near" : ""}`} d={rounded(points)} />
      {items > 0 && label && <text className="edge-count" x={label.x} y={label.y - 6}>{count(items)}</text>}
    </g>
  );
});

/** The middle of the last straight piece before the card that reads. */
function labelPlace(points: readonly Place[]): Place | null {
  const [from, to] = points.slice(-2);
  return from && to ? { x: Math.max((from.x + to.x) / 2, to.x - 32), y: to.y } : null;
}
