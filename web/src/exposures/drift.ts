/** A path in the plane. */
export interface Path {
  x: readonly number[];
  y: readonly number[];
}

/** Length of each step of a path. */
export function steps({ x, y }: Path): number[] {
  return x.slice(1).map((value, at) => Math.hypot(value - (x[at] ?? 0), (y[at + 1] ?? 0) - (y[at] ?? 0)));
}

/** A path in a box of some width and height, as large as it allows with the same scale along x and y, and how many units that is wide. */
export function framed({ x, y }: Path, width: number, height: number): { points: [number, number][]; spanX: number; spanY: number } {
  const [left, right, top, bottom] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
  const [spanX, spanY] = [right - left, bottom - top];
  const scale = Math.min(width / Math.max(spanX, 1e-9), height / Math.max(spanY, 1e-9), 1e6);
  const [padX, padY] = [(width - spanX * scale) / 2, (height - spanY * scale) / 2];
  return { points: x.map((value, at) => [padX + (value - left) * scale, padY + ((y[at] ?? 0) - top) * scale]), spanX, spanY };
}
