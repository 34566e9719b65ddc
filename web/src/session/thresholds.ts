import type { MeasureDocument } from "../api/types";
import type { Column } from "../exposures/table";

/** From where to where values are kept, as they are shown; null: as far as there are any. */
export interface Range {
  low: number | null;
  high: number | null;
}

/** By the name of a measure; what is not there is not limited. */
export type Ranges = Readonly<Record<string, Range>>;

/** A condition, as the server reads it, that keeps what lies in all ranges; the ends are kept. Empty if nothing is limited. */
export function conditionOf(ranges: Ranges, measures: readonly MeasureDocument[]): string {
  return measures
    .flatMap(({ name, expression, factor }) => {
      const { low, high } = ranges[name] ?? { low: null, high: null };
      if (!expression) return [];
      return [low !== null && `${expression} >= ${inItsUnit(low, factor)}`, high !== null && `${expression} <= ${inItsUnit(high, factor)}`].filter((part) => part !== false);
    })
    .join(" and ");
}

/** Without the digits that come of the conversion. */
function inItsUnit(value: number, factor: number): number {
  return Number((value / factor).toPrecision(10));
}

/** The ranges that a condition means; null if it was written by hand and means something else. */
export function rangesOf(condition: string, measures: readonly MeasureDocument[]): Ranges | null {
  const ranges: Record<string, Range> = {};
  if (!condition.trim()) return ranges;
  for (const part of condition.split(" and ")) {
    const found = /^(.+) (<=?|>=?) (-?[\d.]+(?:e[+-]?\d+)?)$/.exec(part.trim());
    const measure = found && measures.find((one) => one.expression && one.expression === found[1]);
    if (!found || !measure) return null;
    const value = Number((Number(found[3]) * measure.factor).toPrecision(10));
    const before = ranges[measure.name] ?? { low: null, high: null };
    const end = found[2]?.startsWith(">") ? "low" : "high";
    if (before[end] !== null) return null;
    ranges[measure.name] = { ...before, [end]: value };
  }
  return ranges;
}

export function isIn(value: number, { low, high }: Range): boolean {
  return (low === null || value >= low) && (high === null || value <= high);
}

/** What a set of thresholds makes of an exposure: it waits while nothing is measured of it. */
export type Verdict = "kept" | "out" | "waits";

/** The verdict of every exposure, and by which measures those that are out are. */
export function verdictsOf(columns: readonly Column[], ranges: Ranges, count: number): { verdict: Verdict; because: string[] }[] {
  const limited = columns.filter(({ measure }) => ranges[measure.name]);
  const fits = columns.find(({ measure }) => measure.name === "defocus")?.values;
  return Array.from({ length: count }, (_, at) => {
    if (fits && (fits[at] ?? null) === null) return { verdict: "waits", because: [] };
    const because = limited.filter(({ measure, values }) => !passes(values[at] ?? null, ranges[measure.name])).map(({ measure }) => measure.label);
    return { verdict: because.length > 0 ? "out" : "kept", because };
  });
}

function passes(value: number | null, range: Range | undefined): boolean {
  return range === undefined || (value !== null && isIn(value, range));
}

/** How many values lie in a range, and how many do not. */
export function countsIn(values: readonly (number | null)[], range: Range | undefined): { kept: number; out: number } {
  const known = values.filter((value) => value !== null);
  const kept = range ? known.filter((value) => isIn(value, range)).length : known.length;
  return { kept, out: known.length - kept };
}

/** The lowest and highest that a chart shows: all but a few that lie far out, and both thresholds. */
export function extentOf(values: readonly (number | null)[], range: Range | undefined): [number, number] {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const ends = [range?.low, range?.high].filter((end): end is number => end !== null && end !== undefined);
  const [low, high] = [Math.min(at(0.005), ...ends), Math.max(at(0.995), ...ends)];
  const room = 0.08 * (high - low || Math.abs(high) || 1);
  return [low >= 0 ? Math.max(0, low - room) : low - room, high + room];
}

/** How many values there are in each of so many bins; those beyond both ends are counted in the last ones. */
export function binned(values: readonly (number | null)[], [low, high]: readonly [number, number], bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  for (const value of values) {
    if (value === null) continue;
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(((value - low) / (high - low || 1)) * bins)));
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  return counts;
}

/** A range with one end moved; neither passes the other. */
export function withEnd(range: Range | undefined, end: "low" | "high", value: number | null): Range {
  const before = range ?? { low: null, high: null };
  if (value === null) return { ...before, [end]: null };
  if (end === "low") return { ...before, low: before.high === null ? value : Math.min(value, before.high) };
  return { ...before, high: before.low === null ? value : Math.max(value, before.low) };
}

/** The middle value of those that are known. */
export function medianOf(values: readonly (number | null)[]): number | null {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted.length === 0 ? null : (sorted[Math.floor((sorted.length - 1) / 2)] ?? null);
}
