import { expect, test } from "vitest";
import { scaleOf } from "./scales";

test("frequencies are told as resolutions, far enough apart", () => {
  const scale = scaleOf("frequency", [0, 0.5], 0, 400, 40);
  expect(scale.place(0.25)).toBe(200);
  const four = scale.ticks.find((tick) => tick.words === "4 Å");
  expect(four?.value).toBe(0.25);
  const places = scale.ticks.map((tick) => scale.place(tick.value)).sort((a, b) => a - b);
  places.slice(1).forEach((place, at) => expect(place - (places[at] ?? 0)).toBeGreaterThanOrEqual(40));
});

test("within a narrow range of resolutions finer ones are told", () => {
  expect(scaleOf("inverse-square", [6.69 ** -2, 6.65 ** -2], 200, 0, 20).ticks.map((tick) => tick.words)).toEqual(["6.66 Å", "6.68 Å"]);
});

test("numbers of particles are laid out by their logarithm", () => {
  const scale = scaleOf("logarithm", [100, 10_000], 0, 100, 10);
  expect(scale.place(1000)).toBeCloseTo(50);
  expect(scale.ticks.map((tick) => tick.value)).toContain(1000);
});

test("round values are told plainly", () => {
  expect(scaleOf("linear", [-0.05, 1], 200, 0, 20).ticks.map((tick) => tick.words)).toEqual(["0", "0.5", "1"]);
  expect(scaleOf("linear", [-7, -1], 200, 0, 20).ticks.map((tick) => tick.words)).toContain("−4");
});
