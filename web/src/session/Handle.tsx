import type { KeyboardEvent, PointerEvent } from "react";

interface Props {
  label: string;
  /** As it is shown; null: it limits nothing and stands at the end of the axis. */
  value: number | null;
  words: string;
  extent: readonly [number, number];
  /** Where its line begins, and where its grip does. */
  left: number;
  right: number;
  place: (value: number) => number;
  valueAt: (event: PointerEvent) => number;
  end: "low" | "high";
  move: (value: number | null) => void;
}

/** A threshold: a line over a chart, with a handle that is dragged or moved by arrow keys; Delete takes it off. */
export function Handle({ label, value, words, extent: [low, high], left, right, place, valueAt, end, move }: Props) {
  const now = value ?? (end === "low" ? low : high);
  const y = place(now);
  const step = (high - low) / 100;
  const keys = (event: KeyboardEvent) => {
    const to = { ArrowUp: now + step, ArrowRight: now + step, ArrowDown: now - step, ArrowLeft: now - step, PageUp: now + 10 * step, PageDown: now - 10 * step, Home: low, End: high }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") move(null);
    else if (to !== undefined) move(to);
    else return;
    event.preventDefault();
  };
  return (
    <g className={value === null ? "handle open" : "handle"} data-tool={value === null || undefined}>
      {value !== null && <line className="thr" x1={left} x2={right} y1={y} y2={y} />}
      <g
        role="slider"
        tabIndex={0}
        aria-label={label}
        aria-orientation="vertical"
        aria-valuemin={low}
        aria-valuemax={high}
        aria-valuenow={now}
        aria-valuetext={value === null ? "no limit" : words}
        onKeyDown={keys}
        onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
        onPointerMove={(event) => event.currentTarget.hasPointerCapture(event.pointerId) && move(valueAt(event))}
      >
        <rect className="grip" x={right} y={y - 8} width={42} height={16} rx={4} />
        <text className="strong" x={right + 21} y={y + 4} textAnchor="middle">{value === null ? "–" : words}</text>
      </g>
    </g>
  );
}
