import { describe, expect, it } from "vitest";
import { aRun } from "../api/sample";
import { fractionOf, paceOf, resultLine, resultOf } from "./result";

const { progress } = aRun();

describe("resultOf", () => {
  it("counts what was made, and what failed", () => {
    const run = aRun({ progress: { ...progress, done: 412, failed: 18, total: 430, outputs: { ctfs: 412 } }, state: "finished" });
    expect(resultOf(run)).toEqual({ main: "412", noun: "CTFs", more: "18 failed" });
    expect(resultLine(run)).toBe("412 CTFs · 18 failed");
  });

  it("tells one from many", () => {
    const line = (outputs: Record<string, number>) => resultLine(aRun({ progress: { ...progress, outputs }, state: "finished" }));
    expect([line({ volumes: 1 }), line({ classes2d: 1 }), line({ ctfs: 1 }), line({ volumes: 2 })]).toEqual(["1 map", "1 2D class", "1 CTF", "2 maps"]);
  });

  it("says how far it is while it runs", () => {
    const run = aRun({ progress: { ...progress, done: 4, total: 9, outputs: { ctfs: 4 }, message: "round 2" } });
    expect(resultLine(run)).toBe("4 CTFs · 4 of 9 done · round 2");
  });

  it("says why a run failed that made nothing", () => {
    expect(resultOf(aRun({ state: "failed", reason: "no gain reference" })).more).toBe("no gain reference");
  });

  it("has nothing to count in a draft", () => expect(resultLine(aRun({ state: "draft" }))).toBe("not started"));
});

describe("progress", () => {
  it("takes failed and left-out items for dealt with", () => {
    expect(fractionOf(aRun({ progress: { ...progress, done: 4, failed: 1, excluded: 1, total: 12 } }))).toBe(0.5);
    expect([fractionOf(aRun()), fractionOf(aRun({ state: "finished" }))]).toEqual([0, 1]);
  });

  it("tells time left, else pace, else how long it took", () => {
    expect(paceOf(aRun({ progress: { ...progress, seconds_left: 130, items_per_hour: 90 } }))).toBe("2 min 10 s left");
    expect(paceOf(aRun({ progress: { ...progress, items_per_hour: 776 } }))).toBe("776/h");
    expect(paceOf(aRun({ state: "finished", seconds: 252 }))).toBe("4 min 12 s");
  });
});
