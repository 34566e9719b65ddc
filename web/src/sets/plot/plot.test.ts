import { describe, expect, it } from "vitest";
import type { PlotDocument } from "../../api/types";
import { numbersOf } from "./numbers";
import { pixelsOf } from "./raster";
import { both, columnWord, conditionOf, isValue, NOTHING, numberIn, rangeOf } from "./ranges";
import { canBePlotted, firstPlotted } from "./plotted";

const axis = (name: string, low: number, high: number, whole = false) => ({ name, unit: "", meaning: "", whole, low, high });
const plot: PlotDocument = { drawn: "points", matching: 0, unknown: 0, x: axis("defocus_u", 5000, 32000), y: axis("rlnCtf Bfactor", -3.2, 4.1), counts: [], columns: 0, values: [], others: 0, points_x: [], points_y: [] };

describe("what is marked", () => {
  it("becomes a condition that the server reads", () => {
    expect(conditionOf(plot, NOTHING)).toBe("");
    expect(conditionOf(plot, { x: [10000, 20000], y: null })).toBe("10000 <= defocus_u <= 20000");
    expect(conditionOf(plot, { x: [10000, 20000], y: [-1.5, 2] })).toBe('10000 <= defocus_u <= 20000 and -1.5 <= column("rlnCtf Bfactor") <= 2');
    expect(conditionOf(plot, { x: [10000, null], y: [null, 2] })).toBe('10000 <= defocus_u and column("rlnCtf Bfactor") <= 2');
    expect([columnWord("lambda"), columnWord("crosses_0.5"), columnWord("x")]).toEqual(['column("lambda")', 'column("crosses_0.5")', "x"]);
    expect([isValue("file", 'a "b".mrc'), isValue("proposed", "false")]).toEqual(['file == "a \\"b\\".mrc"', "proposed == False"]);
  });

  it("lies within the axis, in either order, with as many digits as tell apart", () => {
    expect(rangeOf(plot.x, 40000, 7123.4567)).toEqual([7123, 32000]);
    expect(rangeOf(axis("score", 0, 0.02), 0.0012345678, 0.01)).toEqual([0.00123, 0.01]);
    expect(rangeOf(axis("class_number", 0.5, 6.5, true), 1.2, 4.9)).toEqual([2, 4]);
  });

  it("is added to the filter so that neither changes its meaning", () => {
    expect([both("", "x < 3"), both("x < 3", "")]).toEqual(["x < 3", "x < 3"]);
    expect(both("x < 3 and y > 2", "z < 1")).toBe("x < 3 and y > 2 and z < 1");
    expect(both("x < 3 or y > 2", "not (z < 1)")).toBe("(x < 3 or y > 2) and (not (z < 1))");
  });

  it("can be typed", () => {
    expect(["−1.5", "1 200", "1e3", "", "abc", "1.2.3"].map(numberIn)).toEqual([-1.5, 1200, 1000, null, null, null]);
  });
});

it("draws a density with the highest y first, and nothing where no row is", () => {
  const pixels = pixelsOf([0, 1, 7, 0], 2); // two lines of two, the lowest first
  expect([0, 1, 2, 3].map((at) => pixels[4 * at])).toEqual([255, 0, 0, 117]);
  expect(pixels[3]).toBe(255);
});

it("plots numbers, text and truth, and begins with one that says something", () => {
  const columns = ["id:uint64", "box_size:int64", "defocus_u:float64", "file:string", "frequency:list[float64]"].map((told) => {
    const [name = "", type = ""] = told.split(":");
    return { name, type, unit: "", meaning: "" };
  });
  expect(columns.filter(canBePlotted).map((column) => column.name)).toEqual(["box_size", "defocus_u", "file"]);
  expect([firstPlotted(columns), firstPlotted(columns.slice(3)), firstPlotted([])]).toEqual(["defocus_u", "file", ""]);
});

describe("the numbers of a plot", () => {
  const rows = (made: PlotDocument) => numbersOf(made).trimEnd().split("\n");
  const x = { ...axis("defocus_u", 0, 100), unit: "Å" };

  it("are how many rows lie in each bin", () => {
    expect(rows({ ...plot, drawn: "histogram", x, y: null, counts: [3, 0], columns: 2 })).toEqual(["defocus_u (Å) from,defocus_u (Å) to,rows", "0,50,3", "50,100,0"]);
  });

  it("are the cells of a density that hold rows, the lowest first", () => {
    expect(rows({ ...plot, drawn: "density", x, y: axis("score", 0, 1), counts: [0, 5, 7, 0], columns: 2 }).slice(1)).toEqual(["50,100,0,0.5,5", "0,50,0.5,1,7"]);
  });

  it("are the points, or the values with their rows", () => {
    expect(rows({ ...plot, x, y: axis("score", 0, 1), points_x: [1.5], points_y: [0.25] })).toEqual(["defocus_u (Å),score", "1.5,0.25"]);
    expect(rows({ ...plot, drawn: "bars", x: axis("file", 0, 1), y: null, counts: [2], values: ["a,b.mrc"] })).toEqual(["file,rows", '"a,b.mrc",2']);
  });
});
