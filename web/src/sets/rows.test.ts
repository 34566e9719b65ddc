import { describe, expect, it } from "vitest";
import type { RowPage } from "../api/types";
import { cellText, isIdentity, isNumber, pagesOf, rowAt, shownOf, toldCount } from "./rows";

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
