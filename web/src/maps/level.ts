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

/** From the mean up to where next to nothing is left, and to twice the proposal at least. */
export function rangeOf(grid: Grid, proposed: number, { mean }: Statistics): LevelRange {
  const [bright = proposed] = quantiles(grid.data, [0.9995]);
  const low = Math.min(mean, proposed);
  const high = Math.max(bright, 2 * proposed - low, low + 1e-6);
  return { low, high, step: (high - low) / STEPS };
}

export function toSigma(level: number, { mean, sigma }: Statistics): number {
  return sigma > 0 ? (level - mean) / sigma : 0;
}

export function fromSigma(level: number, { mean, sigma }: Statistics): number {
  return mean + level * sigma;
}
