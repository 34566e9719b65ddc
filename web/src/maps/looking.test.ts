import { expect, test } from "vitest";
import { colourOf, STOPS, UNKNOWN } from "./colours";
import { fromSigma, rangeOf, toSigma } from "./level";
import { latestOnly } from "./latest";
import { painted, steeper } from "./painting";
import { turned, unit } from "./surface/turning";

test("colours go from the finest to the coarsest, and places without a resolution are grey", () => {
  expect([colourOf(3, [3, 5]), colourOf(4, [3, 5]), colourOf(9, [3, 5])]).toEqual([STOPS[0], STOPS[2], STOPS[4]]);
  expect(colourOf(0, [3, 5])).toBe(UNKNOWN);
});

test("a level in standard deviations is the same level", () => {
  const statistics = { mean: 0.1, sigma: 0.02 };
  expect(toSigma(0.15, statistics)).toBeCloseTo(2.5);
  expect(fromSigma(toSigma(0.15, statistics), statistics)).toBeCloseTo(0.15);
});

test("the proposed level lies within the range, also of an even map", () => {
  const grid = { size: [2, 2, 2] as const, data: new Float32Array(8).fill(1), voxel: 1 };
  const { low, high, step } = rangeOf(grid, 1, { mean: 1, sigma: 0 });
  expect(low).toBeLessThanOrEqual(1);
  expect(high).toBeGreaterThan(1);
  expect(step).toBeGreaterThan(0);
});

test("pixels are grey between black and white, and the edge of a mask is drawn", () => {
  const section = { width: 3, height: 1, values: Float32Array.from([0, 1, 2]) };
  const plain = painted(section, [0, 2], { mask: null, local: null });
  expect([plain[0], plain[4], plain[8], plain[3]]).toEqual([0, 128, 255, 255]);
  const mask = { width: 3, height: 1, values: Float32Array.from([0, 1, 1]) };
  const edged = painted(section, [0, 2], { mask, local: null });
  expect([...edged.slice(4, 7)]).toEqual([0x62, 0xc6, 0xd6]);
  expect(edged[8]).toBe(255);
  expect(steeper([0, 4], 2)).toEqual([1, 3]);
});

test("of what comes while one is at work only the last is done", async () => {
  const done: number[] = [];
  const run = latestOnly();
  const job = (number: number) => async () => {
    await Promise.resolve();
    done.push(number);
  };
  [1, 2, 3].forEach((number) => run(job(number)));
  await new Promise((resolve) => setTimeout(resolve));
  expect(done).toEqual([1, 3]);
});

test("a quarter turn about z brings x to y", () => {
  const [x, y, z] = turned([1, 0, 0], unit([0, 0, 7]), Math.PI / 2);
  expect([x, y, z].map((one) => Math.round(one * 1e9) / 1e9)).toEqual([0, 1, 0]);
});
