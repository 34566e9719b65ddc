import { describe, expect, it } from "vitest";
import type { MeasureDocument } from "../api/types";
import { measureTable } from "./measureTable";
import { binned, conditionOf, countsIn, extentOf, medianOf, rangesOf, verdictsOf, withEnd } from "./thresholds";

const measure = (name: string, expression: string, factor = 1): MeasureDocument => ({ name, label: name, unit: "", expression, factor, digits: 1 });
const MEASURES = [measure("fit_resolution", "fit_resolution"), measure("defocus", "(defocus_u + defocus_v) / 2", 1e-4), measure("picks", "")];

describe("conditions", () => {
  it("are written in the units of the columns", () => {
    const ranges = { fit_resolution: { low: null, high: 4.5 }, defocus: { low: 0.6, high: 2.4 }, picks: { low: 3, high: null } };
    expect(conditionOf(ranges, MEASURES)).toBe("fit_resolution <= 4.5 and (defocus_u + defocus_v) / 2 >= 6000 and (defocus_u + defocus_v) / 2 <= 24000");
    expect(conditionOf({}, MEASURES)).toBe("");
  });

  it("are read again as they were written", () => {
    const ranges = { fit_resolution: { low: null, high: 4.5 }, defocus: { low: 0.6, high: 2.4 } };
    expect(rangesOf(conditionOf(ranges, MEASURES), MEASURES)).toEqual(ranges);
    expect(rangesOf("", MEASURES)).toEqual({});
  });

  it("that handles cannot show are told from those that they can", () => {
    for (const condition of ["fit_resolution < 6 or score > 1", "score > 1", "fit_resolution < 6 and fit_resolution < 5", "not fit_resolution < 6", "fit_resolution < defocus_u"]) expect(rangesOf(condition, MEASURES)).toBeNull();
  });
});

it("keeps, leaves out or waits, and says why", () => {
  const columns = [
    { measure: MEASURES[0] ?? measure("", ""), values: [3, 9, null, null] },
    { measure: MEASURES[1] ?? measure("", ""), values: [1, 3, 1, null] },
  ];
  const ranges = { fit_resolution: { low: null, high: 4.5 }, defocus: { low: null, high: 2 } };
  expect(verdictsOf(columns, ranges, 4)).toEqual([
    { verdict: "kept", because: [] },
    { verdict: "out", because: ["fit_resolution", "defocus"] },
    { verdict: "out", because: ["fit_resolution"] }, // fitted, but to nothing that is known
    { verdict: "waits", because: [] },
  ]);
});

it("counts what lies in a range, its ends included", () => {
  expect(countsIn([1, 2, null, 3, 4], { low: 2, high: 3 })).toEqual({ kept: 2, out: 2 });
  expect(countsIn([1, null], undefined)).toEqual({ kept: 1, out: 0 });
});

it("shows all but what lies far out, and the thresholds", () => {
  const values = [...Array.from({ length: 999 }, (_, at) => 3 + at / 999), 900];
  const [low, high] = extentOf(values, undefined);
  expect(low).toBeLessThan(3.05);
  expect(high).toBeLessThan(5);
  expect(extentOf(values, { low: null, high: 10 })[1]).toBeGreaterThan(10);
  expect(extentOf([], undefined)[1]).toBeGreaterThan(0);
});

it("counts by bin, what is beyond in the last ones", () => expect(binned([0, 1, 2.5, 3.9, 99, -5, null], [0, 4], 4)).toEqual([2, 1, 1, 2]));

it("moves one end, which does not pass the other", () => {
  expect(withEnd({ low: 1, high: 3 }, "low", 5)).toEqual({ low: 3, high: 3 });
  expect(withEnd({ low: 1, high: 3 }, "high", null)).toEqual({ low: 1, high: null });
  expect(withEnd(undefined, "high", 3)).toEqual({ low: null, high: 3 });
});

it("finds the middle", () => expect([medianOf([3, null, 1, 2]), medianOf([null])]).toEqual([2, null]));

it("a measure is a table of exposures, with what the threshold keeps", () => {
  const column = { measure: { ...measure("defocus", "x"), label: "Defocus", unit: "µm" }, values: [1.25, null] };
  expect(measureTable(column, ["a", "b"], [0, null], { low: null, high: 2 })).toBe("exposure,time (UTC),Defocus (µm),kept\na,1970-01-01T00:00:00.000Z,1.25,yes\nb,,,no\n");
  expect(measureTable(column, ["a", "b"], [0, null], undefined).split("\n")[0]).toBe("exposure,time (UTC),Defocus (µm)");
});
