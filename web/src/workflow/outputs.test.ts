import { describe, expect, it } from "vitest";
import { aRun } from "../api/sample";
import type { ProtocolSummary } from "../api/types";
import { downstream, fits, outputKind, outputsOf, shelfOf, whyNot } from "./outputs";

const protocol = (id: string, inputs: Record<string, string>, outputs: Record<string, string>): ProtocolSummary => ({
  id, version: 1, title: id, stage: "sets", shape: "map", input_kinds: inputs, output_kinds: outputs,
});
const protocols = [protocol("ctf", { micrographs: "micrographs" }, { ctfs: "ctfs" }), protocol("filter", { items: "any" }, { kept: "same as items", rest: "same as items" })];
const ctf = aRun({ ulid: "A", number: 1, protocol: "ctf", progress: { ...aRun().progress, outputs: { ctfs: 12 } } });
const first = aRun({ ulid: "B", number: 2, protocol: "filter", inputs: { items: { run: "A", output: "ctfs" } } });
const second = aRun({ ulid: "C", number: 3, protocol: "filter", inputs: { items: { run: "B", output: "kept" } } });
const loose = aRun({ ulid: "D", number: 4, protocol: "filter" });
const shelf = shelfOf([ctf, first, second, loose], protocols);

describe("outputKind", () => {
  it("follows 'same as' through any number of runs", () => expect(outputKind(second, "rest", shelf)).toBe("ctfs"));
  it("cannot tell while the input is open", () => expect(outputKind(loose, "kept", shelf)).toBe(""));
});

describe("outputsOf", () => {
  it("lists the newest first, with their counts", () => {
    const all = outputsOf(shelf);
    expect(all.map((choice) => choice.run.number)).toEqual([4, 4, 3, 3, 2, 2, 1]);
    expect(all.at(-1)).toMatchObject({ kind: "ctfs", items: 12 });
  });

  it("says why one does not fit", () => {
    const choice = outputsOf(shelf).at(-1);
    if (!choice) throw new Error("no output");
    expect([fits(choice, "ctfs"), fits(choice, "any"), fits(choice, "movies")]).toEqual([true, true, false]);
    expect(whyNot(choice, "movies")).toBe("1 CTF: ctfs holds CTFs; movies are needed here.");
  });
});

it("finds everything downstream", () => expect([...downstream("A", shelf.runs.values())].sort()).toEqual(["A", "B", "C"]));
