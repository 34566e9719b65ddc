import { expect, test } from "vitest";
import { binned, quantiles, sectionOf, valueAt, type Grid } from "./grid";

const SIZE = [2, 3, 4] as const;
/** A map whose voxels tell where they are: x + 10 y + 100 z. */
const grid: Grid = { size: SIZE, data: Float32Array.from({ length: 24 }, (_, at) => (at % 2) + 10 * (Math.floor(at / 2) % 3) + 100 * Math.floor(at / 6)), voxel: 2 };

test("a section normal to z has x to the right and y up", () => {
  expect([...sectionOf(grid, "z", 1).values]).toEqual([120, 121, 110, 111, 100, 101]);
});

test("a section normal to y has x to the right and z up", () => {
  expect([...sectionOf(grid, "y", 2).values]).toEqual([320, 321, 220, 221, 120, 121, 20, 21]);
});

test("a section normal to x has y to the right and z up", () => {
  const section = sectionOf(grid, "x", 1);
  expect([section.width, section.height]).toEqual([3, 4]);
  expect([...section.values].slice(0, 3)).toEqual([301, 311, 321]);
});

test("blocks have the mean of their voxels, and larger edges", () => {
  const small = binned({ size: [4, 4, 4], data: Float32Array.from({ length: 64 }, (_, at) => at % 4), voxel: 1.5 }, 2);
  expect(small).toEqual({ size: [2, 2, 2], data: Float32Array.from([0.5, 2.5, 0.5, 2.5, 0.5, 2.5, 0.5, 2.5]), voxel: 3 });
  expect(binned(grid, 4)).toBe(grid);
});

test("places count in Å from the middle of the box", () => {
  expect(valueAt(grid, 0, -3, 2)).toBe(301);
  expect(valueAt(grid, 99, 0, 0)).toBe(0);
});

test("quantiles are told by the voxels", () => {
  expect(quantiles(Float32Array.from([5, 1, 3, 2, 4]), [0, 0.5, 1])).toEqual([1, 3, 5]);
});
