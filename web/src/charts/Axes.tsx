import type { Scale } from "./scales";

/** Where the field of a chart lies in its drawing. */
export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

interface Props {
  box: Box;
  x: Scale;
  y: Scale;
  /** What lies along an axis, with its unit; empty where something else tells it. */
  along?: string;
  up?: string;
}

/** A pair of axes: lines across the field at the ticks of y, ticks below it for x, and what they are. */
export function Axes({ box, x, y, along = "", up = "" }: Props) {
  return (
    <>
      {y.ticks.map((tick) => (
        <g key={tick.value}>
          <line className="gridline" x1={box.left} x2={box.right} y1={y.place(tick.value)} y2={y.place(tick.value)} />
          <text x={box.left - 6} y={y.place(tick.value) + 4} textAnchor="end">{tick.words}</text>
        </g>
      ))}
      {x.ticks.map((tick) => (
        <g key={tick.value}>
          <line className="axis" x1={x.place(tick.value)} x2={x.place(tick.value)} y1={box.bottom} y2={box.bottom + 4} />
          <text x={x.place(tick.value)} y={box.bottom + 17} textAnchor="middle">{tick.words}</text>
        </g>
      ))}
      <line className="axis" x1={box.left} x2={box.right} y1={box.bottom} y2={box.bottom} />
      {along && <text x={(box.left + box.right) / 2} y={box.bottom + 34} textAnchor="middle">{along}</text>}
      {up && <text transform={`translate(11 ${(box.top + box.bottom) / 2}) rotate(-90)`} textAnchor="middle">{up}</text>}
    </>
  );
}

/** What lies along an axis, with its unit. */
export function withUnit(name: string, unit: string): string {
  return unit ? `${name} (${unit})` : name;
}
