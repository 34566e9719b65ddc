import { MantineProvider } from "@mantine/core";
import { createElement, type ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { MemoryRouter } from "react-router";
import { describe, expect, it } from "vitest";
import type { AllStorage, StorageCategory } from "../api/types";
import { CategoryTable } from "./CategoryTable";
import { Task } from "./Task";
import { Trash } from "./Trash";
import { changedIn, exportedIn, fullWords, shareDone, taskWords, together } from "./words";

const share = { run: "R", number: 2, title: "run 2 (motion)", path: "runs/000002-motion/files/micrographs", files: 5, bytes: 3e9, goes: true, why: "", exported_in: ["a.star"], seconds_again: 60 };
const category = (changes: Partial<StorageCategory>): StorageCategory => ({ name: "micrographs", words: "Aligned micrographs", meaning: "sums", bytes: 5e9, files: 9, frees: 3e9, frees_files: 5, cost: "They can be made again.", digest: "d1", shares: [share], shares_left_out: 0, ...changes });
const sums = category({});
const maps = category({ name: "maps", words: "Maps", frees: 0, frees_files: 0, cost: "", digest: "", shares: [{ ...share, goes: false, why: "result", exported_in: ["b.star"] }] });

const drawn = (element: ReactNode) => renderToStaticMarkup(createElement(MantineProvider, null, createElement(MemoryRouter, null, element)));

describe("what is chosen", () => {
  it("is counted together, and only what can go is sent", () => {
    const both = together([sums, maps], new Set(["micrographs", "maps", "gone"]));
    expect([both.frees, both.files, both.digests]).toEqual([3e9, 5, { micrographs: "d1" }]);
    expect(exportedIn([sums, maps])).toEqual(["a.star"]);
  });
});

describe("what is told", () => {
  it("says how far a task is", () => {
    expect(taskWords({ kind: "measuring", done: 0, of: 0 })).toBe("Measuring …");
    expect(taskWords({ kind: "cleaning", done: 3, of: 1200 })).toBe("Making space: 3 of 1\u202f200 runs looked at");
    expect([shareDone({ kind: "measuring", done: 0, of: 0 }), shareDone({ kind: "measuring", done: 3, of: 6 })]).toEqual([0, 0.5]);
  });

  it("says when the disk is full only if that is known", () => {
    expect([fullWords(null), fullWords(30), fullWords(7200)]).toEqual(["", "It is nearly full.", "At the pace of the last hour it is full in 2 h 00 min."]);
  });

  it("reads anew only the projects that have changed", () => {
    const one = { project: "A", name: "A", bytes: 1, frees: 0, trash_bytes: 0, raw_bytes: 0, measured: "", task: null, problem: "", read_only: "" };
    const all: AllStorage = { projects: [one, { ...one, project: "B" }], disk: { free_bytes: 1, total_bytes: 2 }, seconds_to_full: null };
    expect(changedIn(undefined, all)).toEqual(["A", "B"]);
    expect(changedIn(all, { ...all, projects: [one, { ...one, project: "B", bytes: 7 }] })).toEqual(["B"]);
  });
});

describe("the page", () => {
  it("offers to clean what can go, and says why the rest stays", () => {
    const page = drawn(createElement(CategoryTable, { project: "P", categories: [sums, maps], total: 1e10, chosen: new Set(["micrographs"]), choose: () => undefined }));
    expect(page.match(/type="checkbox"/g)?.length).toBe(1);
    expect(page).toContain('aria-label="Clean Aligned micrographs"');
    expect(page).toContain("They can be made again.");
    expect(page).toContain(">stays<");
  });

  it("shows a task with its bar, and lists the trash", () => {
    expect(drawn(createElement(Task, { task: { kind: "measuring", done: 1, of: 4 } }))).toContain("width:25%");
    const trash = category({ name: "trash", words: "Trash", bytes: 7e6 });
    const measure = { at: "", bytes: 0, frees: 0, categories: [], trash, trashed: [{ run: "T", number: 9, protocol: "ctf", label: "", removed: "", actor: "ana", bytes: 7e6 }], raw_movies: 0, raw_bytes: 0 };
    const page = drawn(createElement(Trash, { measure, busy: false, empty: () => undefined, restore: () => undefined }));
    expect(page).toContain("9 CTF");
    expect(page).toContain("Empty now");
    expect(page).toContain('aria-label="Bring back run 9"');
    expect(drawn(createElement(Trash, { measure: { ...measure, trashed: [] }, busy: false, empty: () => undefined, restore: () => undefined }))).not.toContain("Empty now");
  });
});
