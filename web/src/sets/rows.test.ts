import { describe, expect, it } from "vitest";
import type { RowPage } from "../api/types";
import { nameIn, remarksIn, tableAddress } from "./files";
import { cellText, isIdentity, isNumber, movedRow, pagesOf, partOf, PART, rowAt, shownOf, toldCount } from "./rows";

const column = (type: string) => ({ name: "x", type, unit: "", meaning: "" });

describe("pages", () => {
  it("are those in which rows lie", () => {
    expect(pagesOf(0, 10)).toEqual([0]);
    expect(pagesOf(190, 401)).toEqual([0, 1, 2]);
    expect(pagesOf(5, 4)).toEqual([]);
  });

  it("give rows by their place", () => {
    const page: RowPage = { kind: "ctfs", generation: 1, closed: true, count: 201, matching: 201, offset: 200, columns: [], rows: [["last"]] };
    const pages = new Map([[1, page]]);
    expect([rowAt(pages, 200), rowAt(pages, 199)]).toEqual([["last"], undefined]);
  });
});

it("shows and tells nothing of a former question as if it were the answer to the present one", () => {
  const page: RowPage = { kind: "ctfs", generation: 1, closed: true, count: 1201, matching: 7, offset: 0, columns: [], rows: [] };
  const none = { ...page, matching: 0 };
  expect([shownOf(page, false), shownOf(none, false), shownOf(page, true), shownOf(none, true), shownOf(undefined, false)]).toEqual(["items", "none", "former", "former", null]);
  expect([toldCount(page, true, false), toldCount(page, false, false), toldCount(page, true, true)]).toEqual(["7 of 1\u202f201 match", "1\u202f201 items", "looking …"]);
});

it("tells numbers from identities", () => {
  expect(["float32", "int64", "uint64", "list<float>", "string"].map((type) => [isNumber(column(type)), isIdentity(column(type))])).toEqual([
    [true, false], [true, false], [false, true], [false, false], [false, false],
  ]);
});

it("shows values", () => expect([null, 3.14159, true, [1, 2.5], "a"].map(cellText)).toEqual(["–", "3.142", "yes", "1, 2.500", "a"]));

describe("sets of any size", () => {
  it("are scrolled through in parts that browsers can draw", () => {
    expect(28 * PART).toBeLessThan(17_000_000); // px, of the browser that draws the least
    expect(partOf(0, 1200)).toEqual({ start: 0, length: 1200 });
    expect(partOf(PART, 3 * PART)).toEqual({ start: PART, length: PART });
    expect(partOf(2 * PART + 7, 2 * PART + 8)).toEqual({ start: 2 * PART, length: 8 });
    expect(partOf(9 * PART, 1200)).toEqual({ start: 0, length: 1200 }); // of a former question
  });

  it("are walked through by keys", () => {
    expect(["ArrowDown", "ArrowUp", "PageDown", "PageUp", "Home", "End", "a"].map((key) => movedRow(key, 5, 100, 20))).toEqual([6, 4, 25, 0, 0, 99, null]);
    expect([movedRow("ArrowDown", 99, 100, 20), movedRow("ArrowUp", 0, 100, 20)]).toEqual([99, 0]);
  });
});

describe("files of rows", () => {
  it("are of what the filter leaves, in its order", () => {
    const asked = { project: "P", run: "R", output: "particles", filter: "x < 3 and y > 2", sort: "score", descending: true };
    expect(tableAddress(asked)).toBe("/api/projects/P/runs/R/outputs/particles/table?filter=x+%3C+3+and+y+%3E+2&sort=score&descending=true");
    expect(tableAddress({ ...asked, filter: "", sort: "", descending: false })).toBe("/api/projects/P/runs/R/outputs/particles/table");
  });

  it("have the name and the remarks that the server gives them", () => {
    expect(nameIn('attachment; filename="000002-class2d-particles.star"')).toBe("000002-class2d-particles.star");
    expect([nameIn(null), remarksIn(null)]).toEqual([null, []]);
    expect(remarksIn(encodeURIComponent(JSON.stringify(["8 rows; 3 Å left out."])))).toEqual(["8 rows; 3 Å left out."]);
  });
});
