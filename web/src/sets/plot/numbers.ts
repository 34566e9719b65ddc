import type { PlotDocument } from "../../api/types";
import { withUnit } from "../../charts/Axes";
import { csvOf } from "../../charts/csv";

/** What a plot shows as a table: its points, or how many rows there are in each bin, or with each value. */
export function numbersOf(plot: PlotDocument): string {
  const { x, y, counts, columns } = plot;
  const across = withUnit(x.name, x.unit);
  const up = y ? withUnit(y.name, y.unit) : "";
  switch (plot.drawn) {
    case "bars":
      return csvOf([across, "rows"], plot.values.map((value, at) => [value, counts[at] ?? 0]));
    case "points":
      return csvOf([across, up], plot.points_x.map((value, at) => [value, plot.points_y[at] ?? null]));
    case "histogram":
      return csvOf([`${across} from`, `${across} to`, "rows"], counts.map((count, at) => [...endsOf(x, at, columns), count]));
    case "density": {
      const lines = counts.length / columns;
      const filled = counts.flatMap((count, at) => (count > 0 && y ? [[...endsOf(x, at % columns, columns), ...endsOf(y, Math.floor(at / columns), lines), count]] : []));
      return csvOf([`${across} from`, `${across} to`, `${up} from`, `${up} to`, "rows"], filled);
    }
  }
}

function endsOf({ low, high }: PlotDocument["x"], bin: number, bins: number): [number, number] {
  const end = (at: number) => Number((low + (at / bins) * (high - low)).toPrecision(9));
  return [end(bin), end(bin + 1)];
}
