import { lowestDrawn } from "./cells";
import { quantiles, type Grid } from "./grid";

/** What levels are counted in: standard deviations above the mean, or the values of the voxels. */
export type LevelUnit = "sigma" | "absolute";

export interface Statistics {
  mean: number;
  sigma: number;
}

/** Between which values a level is moved, and in which steps. */
export interface LevelRange {
  low: number;
  high: number;
  step: number;
}

const STEPS = 250;

/** Cells that a surface goes through at most, each of one or two triangles: more is noise, and too much to turn. */
export const MOST_CELLS = 1_000_000;

/** From the mean, or from where a surface is not too much to draw, up to where next to nothing is left, and to twice the proposal at least. */
export function rangeOf(grid: Grid, proposed: number, { mean }: Statistics, most = MOST_CELLS): LevelRange {
  const [bright = proposed] = quantiles(grid.data, [0.9995]);
  const bottom = Math.min(mean, proposed);
  const low = Math.max(bottom, lowestDrawn(grid, most));
  const high = Math.max(bright, 2 * proposed - bottom, low + 1e-6);
  return { low, high, step: (high - low) / STEPS };
}

/** A level, or the end of the range that lies next to it. */
export function within(level: number, { low, high }: LevelRange): number {
  return Math.min(high, Math.max(low, level));
}

export function toSigma(level: number, { mean, sigma }: Statistics): number {
  return sigma > 0 ? (level - mean) / sigma : 0;
}

export function fromSigma(level: number, { mean, sigma }: Statistics): number {
  return mean + level * sigma;
}
