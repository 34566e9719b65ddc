import type { PlotDocument } from "../../api/types";
import { count } from "../../kit/format";

/** How often each value of a column comes, the commonest first; a click asks for the rows that have it. */
export function ValueBars({ plot, choose }: { plot: PlotDocument; choose: (value: string) => void }) {
  const most = plot.counts[0] ?? 1;
  return (
    <ul className="valuebars" aria-label={`Values of ${plot.x.name}`}>
      {plot.values.map((value, at) => (
        <li key={value}>
          <button type="button" onClick={() => choose(value)} title={`Show only rows with ${value}`}>
            <span className="cut grow">{value || "(empty)"}</span>
            <span className="nw">{count(plot.counts[at] ?? 0)}</span>
            <i style={{ width: `${(100 * (plot.counts[at] ?? 0)) / most}%` }} />
          </button>
        </li>
      ))}
      {plot.others > 0 && <li className="faint sm">{count(plot.others)} rows have rarer values.</li>}
    </ul>
  );
}
