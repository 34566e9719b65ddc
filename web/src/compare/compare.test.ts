import { describe, expect, it } from "vitest";
import type { ComparedRow, RunSummary } from "../api/types";
import { compareAddress, MOST, runsOf, tableOf } from "./addresses";
import { runRows, shownRows } from "./rows";
import { styleAt } from "./styles";

describe("the address of a comparison", () => {
  it("names the runs in their order, and is read as it was written", () => {
    const address = compareAddress("P", ["B", "A"]);
    expect(address).toBe("/projects/P/compare?run=B&run=A");
    expect(runsOf(new URL(address, "http://localhost").searchParams)).toEqual(["B", "A"]);
  });

  it("takes each run once, and no more than fit", () => {
    const many = ["A", "A", "B", "C", "D", "E", "F", "G", "H"].map((run) => ["run", run]);
    expect(runsOf(new URLSearchParams(many))).toEqual(["A", "B", "C", "D", "E", "F"]);
  });

  it("leads to a table of the same runs", () => {
    expect(tableOf("P", "histogram", ["A", "B"], { kind: "ctfs", column: "a b" })).toBe("/api/projects/P/comparison/histogram/table?run=A&run=B&kind=ctfs&column=a%20b");
  });
});

describe("rows side by side", () => {
  const row = (name: string, values: string[]): ComparedRow => ({ name, label: name, unit: "", values, differs: new Set(values).size > 1 });

  it("are those that differ, unless all are wanted", () => {
    const rows = [row("a", ["1", "1"]), row("b", ["1", "2"])];
    expect(shownRows(rows, false).map((one) => one.name)).toEqual(["b"]);
    expect(shownRows(rows, true)).toEqual(rows);
  });

  it("tell what each run took, or that it is not known", () => {
    const runs = [
      { state: "finished", seconds: 75, disk_bytes: 1_500_000 },
      { state: "failed", seconds: null, disk_bytes: null },
    ] as RunSummary[];
    expect(runRows(runs).map((one) => [one.name, one.values, one.differs])).toEqual([
      ["state", ["finished", "failed"], true],
      ["seconds", ["1 min 15 s", null], true],
      ["disk", ["1.5 MB", null], true],
    ]);
  });
});

it("draws no two runs alike", () => {
  const styles = Array.from({ length: MOST }, (_, place) => JSON.stringify(styleAt(place)));
  expect(new Set(styles).size).toBe(MOST);
});
