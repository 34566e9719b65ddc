import { describe, expect, it } from "vitest";
import { protocolName, runName } from "./names";
import { byStage, stageWords } from "./stages";

describe("byStage", () => {
  it("follows the order of the work, and puts what is not known last", () => {
    const groups = byStage([{ stage: "" }, { stage: "refine" }, { stage: "motion" }, { stage: "2D classes" }, { stage: "motion" }]);
    expect(groups.map((group) => [group.stage, group.members.length])).toEqual([["motion", 2], ["2D classes", 1], ["refine", 1], ["", 1]]);
  });
});

describe("names", () => {
  it.each([
    ["import-ctfs", "Import CTFs"],
    ["class2d", "Classify 2D"],
    ["select-classes-3d", "Select classes 3D"],
    ["local-resolution", "Local resolution"],
  ])("calls %s %s", (id, name) => expect(protocolName(id)).toBe(name));

  it("prefers the label", () => expect(runName({ label: "Refine, C1", protocol: "refine" })).toBe("Refine, C1"));
  it("has words for stages", () => expect([stageWords("ctf"), stageWords("sets"), stageWords("")]).toEqual(["CTF", "Sets", "Protocol not installed"]));
});
