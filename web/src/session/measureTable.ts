import { withUnit } from "../charts/Axes";
import { csvOf } from "../charts/csv";
import type { Column } from "../exposures/table";
import { isIn, type Range } from "./thresholds";

/** A measure of every exposure as a table: when each was taken, its value, and whether the threshold keeps it. */
export function measureTable({ measure, values }: Column, names: readonly string[], times: readonly (number | null)[], range: Range | undefined): string {
  const rows = names.map((name, at) => {
    const [time, value] = [times[at] ?? null, values[at] ?? null];
    return [name, time === null ? null : new Date(1000 * time).toISOString(), value, ...(range ? [value !== null && isIn(value, range) ? "yes" : "no"] : [])];
  });
  return csvOf(["exposure", "time (UTC)", withUnit(measure.label, measure.unit), ...(range ? ["kept"] : [])], rows);
}
