import { describe, expect, it } from "vitest";
import { crossedCells, lowestDrawn } from "./cells";
import type { Grid } from "./grid";
import { rangeOf, within } from "./level";

/** A map of normal noise about 0 with a ball of 12 in its middle, drawn by a fixed sequence of numbers. */
function noisy(edge: number): Grid {
  let state = 12345;
  const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
  const data = Float32Array.from({ length: edge ** 3 }, (_, at) => {
    const [x, y, z] = [at % edge, Math.floor(at / edge) % edge, Math.floor(at / edge ** 2)];
    const inside = (x - edge / 2) ** 2 + (y - edge / 2) ** 2 + (z - edge / 2) ** 2 < (edge / 6) ** 2;
    return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()) + (inside ? 12 : 0);
  });
  return { size: [edge, edge, edge], data, voxel: 1 };
}

describe("cells that a surface goes through", () => {
  it("are those with a corner above the level and one that is not", () => {
    const grid: Grid = { size: [3, 2, 2], data: Float32Array.from([0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0]), voxel: 1 };
    expect([crossedCells(grid, 1), crossedCells(grid, 0), crossedCells(grid, 5), crossedCells(grid, -1)]).toEqual([1, 1, 0, 0]);
  });

  const grid = noisy(72);
  const most = 30_000;

  it("stay bounded at every level of the slider", () => {
    const range = rangeOf(grid, 0.5, { mean: 0, sigma: 1 }, most);
    expect(crossedCells(grid, 0)).toBeGreaterThan(5 * most); // what the slider would begin with
    for (let share = 0; share <= 1; share += 0.1) expect(crossedCells(grid, range.low + share * (range.high - range.low))).toBeLessThan(1.1 * most); // told by a seventh of the cells
    expect(within(0.5, range)).toBe(range.low); // a proposal within the noise is not drawn
  });

  it("bound nothing where they are few", () => {
    expect(lowestDrawn(grid, 72 ** 3)).toBe(-Infinity);
    expect(rangeOf(grid, 6, { mean: 0, sigma: 1 }, 72 ** 3).low).toBe(0);
  });

  it("leave the level as proposed where that can be drawn", () => {
    const range = rangeOf(grid, 6, { mean: 0, sigma: 1 }, most);
    expect(within(6, range)).toBe(6);
    expect(range.low).toBeGreaterThan(1);
  });
});
