import { expect, it } from "vitest";
import { aRun } from "../api/sample";
import { pictureAddress, pictureKey } from "./pictures";

const withItems = (items: number) => aRun({ progress: { ...aRun().progress, outputs: { micrographs: items } } });

it("asks for a picture anew at every item at first, and rarely when there are many", () => {
  const changes = (from: number, to: number) => new Set(Array.from({ length: to - from + 1 }, (_, at) => pictureKey(withItems(from + at)))).size;
  expect(changes(0, 10)).toBe(11);
  expect(changes(1000, 2000)).toBeLessThanOrEqual(9);
});

it("asks anew when a run has finished", () => {
  expect(pictureKey(aRun({ state: "finished", ended: "2026-11-29T12:00:00+00:00" }))).not.toBe(pictureKey(aRun()));
});

it("names what it asks for", () => expect(pictureAddress("p", "r", "card", "1.2")).toBe("/api/projects/p/runs/r/picture?size=card&of=1.2"));
