import { describe, expect, it } from "vitest";
import type { ExposureTable } from "../api/types";
import { aRun } from "../api/sample";
import { DEVIATIONS, histogram, ramp, USUAL, withEnd } from "./canvas/contrast";
import { firstScale, fitted, moved, scaleBar, scaleFor, within, zoomed } from "./canvas/view";
import { framed, steps } from "./drift";
import { clock, fixed } from "../kit/format";
import { asSearch, inOrder, neighbours, NEWEST_FIRST, nextSorting, sortingOf } from "./table";
import { pulseOf } from "./useRefreshed";
import { afterDecision, lookOf, saidNext } from "./verdicts";

const image = { width: 4000, height: 3000 };
const box = { width: 1000, height: 600 };

describe("view", () => {
  it("shows the whole micrograph at first", () => expect(fitted(image, box)).toEqual({ x: 2000, y: 1500, zoom: 0.2 }));

  it("keeps the place under the pointer where it is", () => {
    const view = { x: 2000, y: 1500, zoom: 0.5 };
    const from = { x: 120, y: -40 };
    const nearer = zoomed(view, 2, image, box, from);
    expect(nearer.zoom).toBe(1);
    expect([nearer.x + from.x / nearer.zoom, nearer.y + from.y / nearer.zoom]).toEqual([2000 + 240, 1500 - 80]);
  });

  it("goes no farther than the whole, and shows no more beside it than it has to", () => {
    expect(zoomed(fitted(image, box), 0.1, image, box)).toEqual(fitted(image, box));
    expect(within({ x: 0, y: 9000, zoom: 1 }, image, box)).toEqual({ x: 500, y: 2700, zoom: 1 });
    expect(moved({ x: 2000, y: 1500, zoom: 1 }, 100, -50, image, box)).toEqual({ x: 1900, y: 1550, zoom: 1 });
  });

  it("asks for finer pixels only when they can be seen, and never for more than are sent at once", () => {
    const large = { width: 4096, height: 4096 };
    expect(firstScale(large)).toBe(2);
    expect(scaleFor({ x: 0, y: 0, zoom: 0.25 }, large, 1)).toBe(2);
    expect(scaleFor({ x: 0, y: 0, zoom: 1 }, large, 1)).toBe(1);
    expect(scaleFor({ x: 0, y: 0, zoom: 1 }, { width: 11520, height: 8184 }, 1)).toBe(2);
    expect(firstScale({ width: 256, height: 200 })).toBe(1);
  });

  it("draws a bar of a round length that fits", () => {
    expect(scaleBar({ x: 0, y: 0, zoom: 0.25 }, 0.83, 140)).toEqual({ length: 20, width: expect.closeTo(60.24, 2) as number });
  });
});

describe("contrast", () => {
  it("is black and white where it says", () => {
    for (const inverted of [false, true]) {
      const [factor, offset] = ramp({ ...USUAL, inverted });
      const shown = (deviations: number) => ((deviations + DEVIATIONS) / (2 * DEVIATIONS)) * factor + offset;
      expect([shown(-3), shown(0), shown(3)]).toEqual((inverted ? [1, 0.5, 0] : [0, 0.5, 1]).map((one) => expect.closeTo(one, 6) as number));
    }
  });

  it("has white above black, whichever is moved", () => {
    expect(withEnd(USUAL, "black", 4)).toMatchObject({ black: 4, white: 4.2 });
    expect(withEnd(USUAL, "white", -9)).toMatchObject({ white: -4.8, black: -5 });
  });

  it("counts grey values", () => expect(histogram(new Uint8Array([0, 100, 100, 130, 255]), 4)).toEqual([0.5, 1, 0.5, 0.5]));
});

const measure = { name: "fit_resolution", label: "CTF fit", unit: "Å", expression: "fit_resolution", factor: 1, digits: 1 };
const table: ExposureTable = { sets: {}, closed: false, count: 3, ids: ["a", "b", "c"], names: ["m_2", "m_10", "m_1"], times: [1, 2, 3], squares: [], measures: [measure], values: [[4, null, 3]] };

describe("exposures", () => {
  it("come in any order, what is not known last", () => {
    expect(inOrder(table, NEWEST_FIRST)).toEqual([2, 1, 0]);
    expect(inOrder(table, { by: "name", descending: false })).toEqual([2, 0, 1]);
    expect(inOrder(table, { by: "fit_resolution", descending: false })).toEqual([2, 0, 1]);
    expect(inOrder(table, { by: "fit_resolution", descending: true })).toEqual([0, 2, 1]);
  });

  it("are walked through in that order", () => {
    const order = inOrder(table, { by: "fit_resolution", descending: false });
    expect(neighbours(table.ids, order, "a")).toEqual({ at: 1, previous: "c", next: "b" });
    expect(neighbours(table.ids, order, "b")).toEqual({ at: 2, previous: "a", next: null });
    expect(neighbours(table.ids, order, "gone")).toEqual({ at: -1, previous: null, next: null });
  });

  it("keep their order in the address", () => {
    for (const sorting of [NEWEST_FIRST, { by: "picks", descending: false }, { by: "name", descending: true }]) expect(sortingOf(new URLSearchParams(asSearch(sorting)))).toEqual(sorting);
  });

  it("are sorted up, down, and as they came", () => {
    const up = nextSorting(NEWEST_FIRST, "picks");
    expect([up, nextSorting(up, "picks"), nextSorting(nextSorting(up, "picks"), "picks")]).toEqual([{ by: "picks", descending: false }, { by: "picks", descending: true }, NEWEST_FIRST]);
  });
});

it("tells numbers with the digits that people read", () => {
  expect(fixed(1.3849, 2, "µm")).toEqual({ value: "1.38", unit: "µm" });
  expect(fixed(-0.04, 1).value).toBe("0.0");
  expect(fixed(-12345.6, 0).value).toBe("−12\u202f346");
  expect(fixed(null, 2, "Å")).toEqual({ value: "–", unit: "" });
  expect(clock(null)).toBe("–");
  expect(clock(new Date(2026, 10, 20, 15, 4, 13).getTime() / 1000)).toBe("15:04:13");
});

describe("drift", () => {
  it("has steps", () => expect(steps({ x: [0, 3, 3], y: [0, 4, 5] })).toEqual([5, 1]));

  it("fits its box with one scale along both axes", () => {
    const { points, spanX, spanY } = framed({ x: [0, 10], y: [0, 5] }, 100, 100);
    expect([spanX, spanY]).toEqual([10, 5]);
    expect(points).toEqual([[0, 25], [100, 75]]);
  });
});

it("feels a run go on, and nothing else", () => {
  const run = aRun({ state: "running" });
  expect(pulseOf({ ...run, label: "other" })).toBe(pulseOf(run));
  expect(pulseOf({ ...run, progress: { ...run.progress, outputs: { ctfs: 7 } } })).not.toBe(pulseOf(run));
});

describe("verdicts", () => {
  const unsaid = { run: null, run_number: null, decision: null, by: "", by_hand: null, accepted: null, read_by: [] };
  const answer = { ...unsaid, run: "R", run_number: 4, decision: "D2", by: "ada", by_hand: "keep" as const };

  it("say what a person said before what thresholds say", () => {
    expect(lookOf(unsaid)).toBeNull();
    expect(lookOf({ ...unsaid, accepted: false })?.word).toBe("Out by the thresholds");
    expect(lookOf({ ...unsaid, accepted: false, by_hand: "keep" })?.word).toBe("Kept by hand");
    expect(lookOf({ ...unsaid, accepted: true, by_hand: "leave_out" })?.word).toBe("Rejected by hand");
  });

  it("are taken back when they are said twice", () => expect([saidNext(null, "keep"), saidNext("keep", "keep"), saidNext("keep", "leave_out")]).toEqual(["keep", null, "leave_out"]));

  it("of other exposures know one's own decision, and nobody else's", () => {
    expect(afterDecision({ ...unsaid, by_hand: "leave_out", decision: "D1" }, "D1", answer)).toEqual({ ...answer, by_hand: "leave_out" });
    const elsewhere = { ...unsaid, decision: "D0" };
    expect(afterDecision(elsewhere, "D1", answer)).toBe(elsewhere);
    expect(afterDecision(undefined, null, answer)).toBeUndefined();
  });
});
