import { queryOptions } from "@tanstack/react-query";
import { useSearchParams } from "react-router";
import { answered, api } from "../../api/client";
import type { ColumnDocument } from "../../api/types";
import { isNumber } from "../rows";
import type { RowsAsked } from "../useRows";

/** Which columns are plotted. */
export interface Plotted {
  x: string;
  y: string;
}

/** Columns that can be plotted by themselves: numbers against others, and text and truth by value. */
export function canBePlotted(column: ColumnDocument): boolean {
  return isNumber(column) || column.type === "string" || column.type === "bool";
}

/** The column that is plotted if none was chosen: the first number that is not the same for all, as far as that is known. */
export function firstPlotted(columns: readonly ColumnDocument[]): string {
  const usual = ["score", "fit_resolution", "defocus_u", "resolution", "motion_total"];
  const numbers = columns.filter(isNumber).map((column) => column.name);
  return usual.find((name) => numbers.includes(name)) ?? numbers[0] ?? columns.find(canBePlotted)?.name ?? "";
}

/** What the address says of the plot: null if none is shown. */
export function usePlotted(): [Plotted | null, (next: Plotted | null) => void] {
  const [params, setParams] = useSearchParams();
  const x = params.get("x");
  const change = (next: Plotted | null) => {
    setParams((present) => {
      const changed = new URLSearchParams(present);
      changed.delete("x");
      changed.delete("y");
      if (next) changed.set("x", next.x);
      if (next?.y) changed.set("y", next.y);
      return changed;
    }, { replace: true });
  };
  return [x === null ? null : { x, y: params.get("y") ?? "" }, change];
}

/** The plot of a generation of a set, which never changes. */
export const plotQuery = ({ project, run, output, filter }: RowsAsked, generation: number, { x, y }: Plotted) =>
  queryOptions({
    queryKey: ["project", project, "plot", run, output, generation, filter, x, y],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/plot", { params: { path: { project, run, output }, query: { x, y, filter, generation } } })),
    gcTime: 60_000,
  });
