import { describe, expect, it } from "vitest";
import { ago, bytes, count, counted, duration, measured, moment } from "./format";

describe("count", () => {
  it("groups digits by three with a narrow space", () => {
    expect(count(812)).toBe("812");
    expect(count(4812)).toBe("4\u202f812");
    expect(count(1234567)).toBe("1\u202f234\u202f567");
  });

  it("takes the plural from one", () => {
    expect(counted(1, "runs")).toBe("1 run");
    expect(counted(0, "runs")).toBe("0 runs");
  });
});

describe("bytes", () => {
  it("keeps two or three digits and names the unit", () => {
    expect(bytes(0)).toEqual({ value: "0", unit: "B" });
    expect(bytes(2_400)).toEqual({ value: "2.4", unit: "kB" });
    expect(bytes(999_700)).toEqual({ value: "1.0", unit: "MB" });
    expect(bytes(48_100_000_000)).toEqual({ value: "48", unit: "GB" });
  });
});

describe("duration", () => {
  it.each([
    [0.2, "under 1 s"],
    [12, "12 s"],
    [543, "9 min 03 s"],
    [720, "12 min"],
    [7800, "2 h 10 min"],
    [100_000, "1 d 3 h"],
  ])("says %d s as %s", (seconds, said) => expect(duration(seconds)).toBe(said));
});

describe("ago", () => {
  const now = Date.UTC(2026, 10, 29, 12);
  it.each([
    [5, "just now"],
    [50, "1 min ago"],
    [240, "4 min ago"],
    [7200, "2 h ago"],
    [86_400, "yesterday"],
    [86_400 * 3, "3 days ago"],
    [86_400 * 30, "2026-10-30"],
  ])("says %d s as %s", (seconds, said) => expect(ago(now - seconds * 1000, now)).toBe(said));
});

it("tells a moment", () => expect(moment(new Date(2026, 10, 28, 12, 4).toISOString())).toBe("28 Nov 2026, 12:04"));

describe("measured", () => {
  it.each([
    [3.24567, "3.246"],
    [14.2049, "14.20"],
    [-0.0512, "−0.0512"],
    [12345.6, "12\u202f346"],
    [5, "5"],
    [0.00001234, "1.23e−5"],
    [Number.NaN, "–"],
  ])("shows %d as %s", (value, shown) => expect(measured(value)).toBe(shown));
});
