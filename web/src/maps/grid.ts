/** A map in memory: `data` runs fastest along x, then y, then z. */
export interface Grid {
  size: readonly [x: number, y: number, z: number];
  data: Float32Array;
  /** Edge of a voxel in Å. */
  voxel: number;
}

export type Axis = "x" | "y" | "z";

/** A section of a map as an image whose rows run from the top down. */
export interface Section {
  width: number;
  height: number;
  values: Float32Array;
}

/** How many sections there are along an axis. */
export function depthOf(grid: Grid, axis: Axis): number {
  return grid.size["xyz".indexOf(axis)] ?? 0;
}

/** The section at a place along an axis: x to the right and y up, x right and z up, or y right and z up. */
export function sectionOf({ size: [nx, ny, nz], data }: Grid, axis: Axis, place: number): Section {
  const [width, height] = axis === "z" ? [nx, ny] : axis === "y" ? [nx, nz] : [ny, nz];
  const [first, right, up] = axis === "z" ? [place * nx * ny, 1, nx] : axis === "y" ? [place * nx, 1, nx * ny] : [place, nx, nx * ny];
  const values = new Float32Array(width * height);
  for (let row = 0; row < height; row += 1) {
    let from = first + (height - 1 - row) * up;
    for (let column = 0; column < width; column += 1, from += right) values[row * width + column] = data[from] ?? 0;
  }
  return { width, height, values };
}

/** Voxels along an edge of the blocks that a surface is drawn of. */
export const MOST_VOXELS = 256;

/** The mean of blocks of voxels, so that no edge is longer than `most`; the same map if it is small enough. */
export function binned(grid: Grid, most: number): Grid {
  const step = Math.ceil(Math.max(...grid.size) / most);
  if (step <= 1) return grid;
  const [nx, ny] = grid.size;
  const [bx, by, bz] = [Math.floor(nx / step), Math.floor(ny / step), Math.floor(grid.size[2] / step)];
  const data = new Float32Array(bx * by * bz);
  for (let z = 0; z < bz * step; z += 1) {
    for (let y = 0; y < by * step; y += 1) {
      const to = bx * (Math.floor(y / step) + by * Math.floor(z / step));
      const from = nx * (y + ny * z);
      for (let x = 0; x < bx * step; x += 1) {
        const at = to + Math.floor(x / step);
        data[at] = (data[at] ?? 0) + (grid.data[from + x] ?? 0) / step ** 3;
      }
    }
  }
  return { size: [bx, by, bz], data, voxel: grid.voxel * step };
}

const SAMPLED = 100_000;

/** Values below which given shares of the voxels lie, told by some of them. */
export function quantiles(data: Float32Array, shares: readonly number[]): number[] {
  const step = Math.max(1, Math.floor(data.length / SAMPLED)) | 1; // odd, so that not always the same columns are met
  const some = new Float32Array(Math.ceil(data.length / step));
  for (let at = 0; at < some.length; at += 1) some[at] = data[at * step] ?? 0;
  some.sort();
  return shares.map((share) => some[Math.round(share * (some.length - 1))] ?? 0);
}

/** The value at a place in Å from the middle of the map, of the voxel it lies in. */
export function valueAt({ size: [nx, ny, nz], data, voxel }: Grid, x: number, y: number, z: number): number {
  const [i, j, k] = [Math.round(x / voxel + nx / 2), Math.round(y / voxel + ny / 2), Math.round(z / voxel + nz / 2)];
  if (i < 0 || j < 0 || k < 0 || i >= nx || j >= ny || k >= nz) return 0;
  return data[i + nx * (j + ny * k)] ?? 0;
}
