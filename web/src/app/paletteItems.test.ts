import { expect, it } from "vitest";
import { aRun } from "../api/sample";
import { found, paletteItems, staying } from "./paletteItems";

const ctf = { id: "ctf", version: 1, title: "Fit defocus", stage: "ctf", shape: "map" as const, input_kinds: {}, output_kinds: {} };
const items = paletteItems({ project: "P", projects: [], runs: [aRun({ ulid: "A", number: 1 }), aRun({ ulid: "B", number: 2 })], protocols: [ctf], switchTheme: () => undefined });

it("puts what begins with the words before what only has them", () => {
  expect(found(items, "add").map((item) => item.words)).toEqual(["Add CTF"]);
  expect(found(items, "ctf").map((item) => item.words)).toEqual(["2 CTF", "1 CTF", "Add CTF"]);
});

it("has only projects and commands outside of a project", () => {
  const outside = paletteItems({ project: undefined, projects: [], runs: [aRun()], protocols: [ctf], switchTheme: () => undefined });
  expect(outside.map((item) => item.words)).toEqual(["All projects", "Storage of all projects", "Switch light and dark"]);
});

it("keeps the view when it leads to the same page", () => {
  const present = { pathname: "/projects/P", search: "?view=table&run=A&add=ctf" };
  expect(staying("/projects/P?run=B", present)).toBe("/projects/P?view=table&run=B");
  expect(staying("/projects/Q?run=B", present)).toBe("/projects/Q?run=B");
});

it("leads to the maps that runs have made", () => {
  const refine = { ...ctf, id: "refine", output_kinds: { volumes: "volumes" } };
  const made = aRun({ ulid: "C", number: 3, protocol: "refine" });
  const runs = [made, { ...made, ulid: "D", number: 4, progress: { ...made.progress, outputs: { volumes: 1 } } }];
  const leading = paletteItems({ project: "P", projects: [], runs, protocols: [refine], switchTheme: () => undefined }).filter((item) => item.words.startsWith("Look"));
  expect(leading.map((item) => [item.words, item.act])).toEqual([["Look at the map of 4 Refine", "/projects/P/runs/D/maps"]]);
});

it("opens the sets that runs have made as tables", () => {
  const extract = aRun({ ulid: "E", number: 5, protocol: "extract" });
  const runs = [{ ...extract, progress: { ...extract.progress, outputs: { particles: 1200, "left out": 0 } } }];
  const opening = paletteItems({ project: "P", projects: [], runs, protocols: [ctf], switchTheme: () => undefined }).filter((item) => item.group === "Sets");
  expect(opening.map((item) => [item.words, item.more, item.act])).toEqual([["Open particles of 5 Extract", "1\u202f200 rows", "/projects/P/runs/E/outputs/particles"]]);
  expect(found(opening, "particles").length).toBe(1);
});

it("shows what a person may do on the server", () => {
  const me = { id: "a", name: "Ana", email: "", role: "user" as const, alone: false };
  const words = (person: typeof me | { role: "admin"; alone: boolean; id: string; name: string; email: string }) => paletteItems({ project: "P", projects: [], runs: [], protocols: [], switchTheme: () => undefined, me: person }).map((item) => item.words);
  expect(words(me)).toContain("API tokens");
  expect(words(me)).toContain("Show who works in this project, share it or hand it over");
  expect(words(me)).not.toContain("People of this server");
  expect(words({ ...me, role: "admin", alone: true })).toContain("Log of who did what");
  expect(words({ ...me, role: "admin", alone: true }).some((one) => one.includes("share it"))).toBe(false);
});

it("adds no runs to a project that one may only look at", () => {
  const project = { ulid: "P", name: "P", folder: "/p", created: "", notes: "", last_activity: null, run_count: 0, states: {}, disk_bytes: 0, disk_measured: 0, read_only: "Shared with you for reading.", right: "read" as const, owner: "Ana" };
  const added = (read_only: string) => paletteItems({ project: "P", projects: [{ ...project, read_only }], runs: [], protocols: [ctf], switchTheme: () => undefined }).filter((item) => item.group === "Add");
  expect(added(project.read_only)).toEqual([]);
  expect(added("")).toHaveLength(1);
});
