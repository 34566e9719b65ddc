import { describe, expect, it } from "vitest";
import { aRun } from "../api/sample";
import { isSearching, matching, stateCounts, tagsOf } from "./filter";

const runs = [aRun({ ulid: "A", number: 1, tags: ["night"] }), aRun({ ulid: "B", number: 2, label: "Refine, C1", protocol: "refine", state: "draft", tags: ["day", "night"] })];
const nothing = { text: "", state: null, tag: "" };

describe("matching", () => {
  it("takes everything when nothing is asked for", () => expect(matching(runs, nothing)).toHaveLength(2));
  it("wants every word, in any place", () => {
    expect(matching(runs, { ...nothing, text: "c1 DRAFT" }).map((run) => run.ulid)).toEqual(["B"]);
    expect(matching(runs, { ...nothing, text: "c1 motion" })).toEqual([]);
  });
  it("wants state and label", () => {
    expect(matching(runs, { ...nothing, state: "running" }).map((run) => run.ulid)).toEqual(["A"]);
    expect(matching(runs, { ...nothing, tag: "day" }).map((run) => run.ulid)).toEqual(["B"]);
  });
});

it("tells whether anything is looked for", () => expect([isSearching(nothing), isSearching({ ...nothing, text: "a" })]).toEqual([false, true]));
it("counts states and lists labels", () => {
  expect(stateCounts(runs)).toEqual(new Map([["running", 1], ["draft", 1]]));
  expect(tagsOf(runs)).toEqual(["day", "night"]);
});
