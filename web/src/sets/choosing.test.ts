import { describe, expect, it } from "vitest";
import { between, MOST_CHOSEN, NONE, withRows } from "./choosing";
import { whatIsKept } from "./KeepAsSet";

const idAt = (row: number) => (row < 1000 ? `id${row}` : undefined);

describe("rows chosen one by one", () => {
  it("are added and taken off, up to so many", () => {
    const two = withRows(NONE, ["a", "b"], true);
    expect([...(two ?? [])]).toEqual(["a", "b"]);
    expect([...(withRows(two ?? NONE, ["a"], false) ?? [])]).toEqual(["b"]);
    const most = withRows(NONE, Array.from({ length: MOST_CHOSEN }, (_, at) => String(at)), true);
    expect(most?.size).toBe(MOST_CHOSEN);
    expect(withRows(most ?? NONE, ["one more"], true)).toBeNull();
  });

  it("are those between two, in either order, if all have come and are not too many", () => {
    expect(between(3, 5, idAt)).toEqual(["id3", "id4", "id5"]);
    expect(between(5, 3, idAt)).toEqual(["id3", "id4", "id5"]);
    expect([between(998, 1001, idAt), between(0, MOST_CHOSEN, idAt)]).toEqual([null, null]);
  });

  it("are told before they are kept", () => {
    const page = { kind: "particles", generation: 1, closed: false, count: 1200, matching: 7, offset: 0, columns: [], rows: [] };
    expect(whatIsKept(page, "x < 3", 1)).toContain("keeps the row that you chose");
    expect(whatIsKept(page, "x < 3", 0)).toBe("A run of Curate keeps the 7 rows with x < 3, and sets the others apart. Rows that come later are kept by the same condition.");
  });
});
