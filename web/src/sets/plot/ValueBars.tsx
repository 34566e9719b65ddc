import type { KeyboardEvent, Ref } from "react";
import type { PlotDocument } from "../../api/types";
import { withUnit } from "../../charts/Axes";
import { count } from "../../kit/format";

const [WIDTH, LEFT, RIGHT] = [460, 12, 448];
const [TOP, ROW] = [24, 22];
const LONGEST = 60; // letters of a value, in the width of the drawing

interface Props {
  plot: PlotDocument;
  choose: (value: string) => void;
  ref: Ref<SVGSVGElement>;
}

/** How often each value of a column comes, the commonest first; a click asks for the rows that have it. */
export function ValueBars({ plot, choose, ref }: Props) {
  const most = plot.counts[0] ?? 1;
  const others = TOP + plot.values.length * ROW;
  return (
    <svg ref={ref} className="chart valuebars" viewBox={`0 0 ${WIDTH} ${others + (plot.others > 0 ? ROW : 4)}`} role="group" aria-label={`Values of ${plot.x.name}`}>
      <text x={LEFT} y={14}>{withUnit(plot.x.name, plot.x.unit)}</text>
      <text x={RIGHT} y={14} textAnchor="end">rows</text>
      {plot.values.map((value, at) => {
        const [y, rows] = [TOP + at * ROW, plot.counts[at] ?? 0];
        const keys = (event: KeyboardEvent) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          choose(value);
        };
        return (
          <g key={value} role="button" tabIndex={0} onClick={() => choose(value)} onKeyDown={keys}>
            <rect data-tool className="ground" x={0} y={y} width={WIDTH} height={ROW} />
            <rect x={LEFT} y={y + ROW - 3} width={((RIGHT - LEFT) * rows) / most} height={2} fill="var(--plot-1)" />
            <text className="value" x={LEFT} y={y + 14}>{shortened(value) || "(empty)"}</text>
            <text className="value" x={RIGHT} y={y + 14} textAnchor="end">{count(rows)}</text>
          </g>
        );
      })}
      {plot.others > 0 && <text x={LEFT} y={others + 14}>{count(plot.others)} rows have rarer values.</text>}
    </svg>
  );
}

/** Both ends of a value that is too long: names of files differ in either. */
function shortened(value: string): string {
  return value.length > LONGEST ? `${value.slice(0, LONGEST / 2 - 1)}…${value.slice(-LONGEST / 2)}` : value;
}
