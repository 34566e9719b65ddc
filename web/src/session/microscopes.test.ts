import { expect, it } from "vitest";
import { definedBy, EMPTY } from "./microscopes";

it("takes only what is told wholly", () => {
  expect(definedBy([EMPTY])).toBeNull();
  const whole = { ...EMPTY, name: "Krios 1", magnifications: [{ name: "105k", pixel_size: "0.83", dose_per_frame: 1 }] };
  expect(definedBy([whole])).toEqual([{ ...whole, magnifications: [{ name: "105k", pixel_size: 0.83, dose_per_frame: 1 }] }]);
  expect(definedBy([whole, { ...whole, name: " " }])).toBeNull();
  expect(definedBy([{ ...whole, magnifications: [] }])).toBeNull();
});
