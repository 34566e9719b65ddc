import { expect, it } from "vitest";
import { sheetAddress, sheetsOf, spotOf } from "./sheets";

it("finds an image on its sheet", () => {
  expect(spotOf(0, 250)).toEqual({ sheet: 0, position: "0% 0%", size: "1000% 1000%" });
  expect(spotOf(199, 250)).toEqual({ sheet: 1, position: "100% 100%", size: "1000% 1000%" });
});

it("knows that the last sheet may be smaller", () => {
  expect(spotOf(211, 250)).toEqual({ sheet: 2, position: `${100 / 9}% 25%`, size: "1000% 500%" });
  expect(spotOf(2, 3)).toEqual({ sheet: 0, position: "100% 0%", size: "300% 100%" });
  expect(spotOf(0, 1)).toEqual({ sheet: 0, position: "0% 0%", size: "100% 100%" });
});

it("asks for few sheets", () => {
  expect(sheetsOf(0, 199)).toEqual([0, 1]);
  expect(sheetsOf(3, 2)).toEqual([]);
});

it("asks for what is wanted and no more", () => {
  const asked = { project: "p", run: "r", output: "particles", generation: 3, count: 9, size: 96 };
  expect(sheetAddress(asked, 1)).toBe("/api/projects/p/runs/r/outputs/particles/images?generation=3&offset=100&limit=100&size=96&columns=10");
  expect(sheetAddress({ ...asked, filter: "score > 0.8", sort: "score", descending: true, lowPass: 20 }, 0)).toContain("filter=score+%3E+0.8&sort=score&descending=true&low_pass=20");
});
