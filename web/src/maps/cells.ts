import type { Grid } from "./grid";

/** How many cells of eight voxels a surface goes through; each takes one or two triangles. */
export function crossedCells({ size: [nx, ny, nz], data }: Grid, level: number): number {
  let crossed = 0;
  for (let z = 0; z < nz - 1; z += 1) {
    for (let y = 0; y < ny - 1; y += 1) {
      const first = nx * (y + ny * z);
      let before = 0; // of the four voxels of a cell that have the same x, how many lie above
      for (let x = 0; x < nx; x += 1) {
        const at = first + x;
        const above = Number(data[at]! > level) + Number(data[at + nx]! > level) + Number(data[at + nx * ny]! > level) + Number(data[at + nx * ny + nx]! > level); // eslint-disable-line @typescript-eslint/no-non-null-assertion -- all lie within; to ask costs a second
        if (x > 0 && before + above > 0 && before + above < 8) crossed += 1;
        before = above;
      }
    }
  }
  return crossed;
}

const SAMPLED = 50_000;
const CORNERS = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1], [1, 0, 1], [0, 1, 1], [1, 1, 1]] as const;

/** The level down to which no surface goes through more than so many cells, told by some of them; −∞ if none does at all. */
export function lowestDrawn({ size: [nx, ny, nz], data }: Grid, most: number): number {
  const cells = (nx - 1) * (ny - 1) * (nz - 1);
  const step = Math.max(1, Math.floor(cells / SAMPLED)) | 1; // odd, so that not always the same columns are met
  const [lows, highs] = [new Float32Array(Math.ceil(cells / step)), new Float32Array(Math.ceil(cells / step))];
  for (let taken = 0; taken < lows.length; taken += 1) {
    const line = Math.floor((taken * step) / (nx - 1));
    const corner = ((taken * step) % (nx - 1)) + nx * ((line % (ny - 1)) + ny * Math.floor(line / (ny - 1)));
    const voxels = CORNERS.map(([x, y, z]) => data[corner + x + nx * (y + ny * z)] ?? 0);
    [lows[taken], highs[taken]] = [Math.min(...voxels), Math.max(...voxels)];
  }
  lows.sort();
  highs.sort();
  let below = lows.length; // cells with a corner below the level
  for (let at = highs.length - 1; at >= 0; at -= 1) {
    const level = highs[at] ?? 0;
    while (below > 0 && (lows[below - 1] ?? 0) >= level) below -= 1;
    const crossed = below - at; // of a level just below, by the cells whose highest corner lies above it
    if (crossed * step > most) return level;
  }
  return -Infinity;
}
