import { describe, expect, it } from "vitest";
import type { ParameterDocument } from "../../api/types";
import { applicable, sections } from "./conditions";
import { refusals } from "./refusals";
import { asDeclared, parsed, shownValue, textOf } from "./values";

const parameter = (changes: Partial<ParameterDocument>): ParameterDocument => ({
  name: "box", label: "Box size", help: "", section: "", condition: "", level: "normal", kind: "number", unit: "Å",
  default: 200, required: false, choices: [], minimum: 10, maximum: 800, ...changes,
});

describe("parsed", () => {
  it("reads numbers as people write them", () => {
    expect(parsed(parameter({}), " 1,5e2 ")).toEqual({ value: 150 });
    expect(parsed(parameter({ minimum: null }), "−3.5")).toEqual({ value: -3.5 });
  });
  it("says what is wrong", () => {
    expect(parsed(parameter({}), "many")).toEqual({ problem: "“many” is not a number." });
    expect(parsed(parameter({}), "900")).toEqual({ problem: "Not more than 800 Å." });
    expect(parsed(parameter({ kind: "integer" }), "20.5")).toEqual({ problem: "This has to be a whole number." });
    expect(parsed(parameter({ required: true }), "")).toEqual({ problem: "Box size has no value; set it." });
  });
  it("takes an empty field for the declared value", () => expect(parsed(parameter({}), " ")).toEqual({ value: 200 }));
  it("reads lists with commas or as JSON", () => {
    expect(parsed(parameter({ kind: "list" }), "30, 4.5")).toEqual({ value: [30, 4.5] });
    expect(parsed(parameter({ kind: "list" }), '["*.tif"]')).toEqual({ value: ["*.tif"] });
    expect(parsed(parameter({ kind: "list" }), "*.tif, *.eer")).toEqual({ value: ["*.tif", "*.eer"] });
  });
});

describe("values", () => {
  it("are texts", () => expect([textOf(null), textOf([5, 5]), textOf(true), textOf(0.4)]).toEqual(["", "5, 5", "true", "0.4"]));
  it("are told", () => expect([shownValue(null), shownValue(false), shownValue([1, 2])]).toEqual(["not set", "no", "1, 2"]));
  it("are as declared or not", () => expect([asDeclared(parameter({}), 200), asDeclared(parameter({}), 201)]).toEqual([true, false]));
});

describe("applicable", () => {
  const shape = parameter({ name: "shape", kind: "choice", default: "sphere" });
  const radius = parameter({ name: "radius", condition: "shape=sphere" });
  const edge = parameter({ name: "edge", condition: "radius" });
  it("follows conditions on values and on what is set", () => {
    expect(applicable([shape, radius, edge], {}).map((one) => one.name)).toEqual(["shape", "radius", "edge"]);
    expect(applicable([shape, radius, edge], { radius: 0 }).map((one) => one.name)).toEqual(["shape", "radius", "edge"]);
  });
  it("hides what depends on something hidden", () => {
    expect(applicable([shape, radius, edge], { shape: "model" }).map((one) => one.name)).toEqual(["shape"]);
  });
});

it("groups by section", () => {
  const found = sections([parameter({ name: "a" }), parameter({ name: "b", section: "Edge" }), parameter({ name: "c" })]);
  expect(found.map((one) => [one.title, one.parameters.map((p) => p.name)])).toEqual([["", ["a", "c"]], ["Edge", ["b"]]]);
});

it("takes apart what the server says of several parameters", () => {
  const message = "folder (Folder) has no value; set it. box_size (Box size, px) cannot be 3: input should be greater than 8.";
  expect(refusals(message, ["box", "box_size", "folder"])).toEqual({ folder: "Has no value; set it.", box_size: "Cannot be 3: input should be greater than 8." });
  expect(refusals("The gain reference does not fit the movies.", ["gain"])).toEqual({});
});
