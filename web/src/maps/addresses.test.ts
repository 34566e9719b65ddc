import { expect, test } from "vitest";
import { mapKey } from "./addresses";

test("maps that differ in anything are different maps", () => {
  const map = { run: "A", output: "volumes", item: "1", name: "Map 1", file: "runs/1/a.mrc" };
  const others = [map, { ...map, run: "B" }, { ...map, output: "classes" }, { ...map, item: "2" }, { ...map, file: "runs/1/b.mrc" }];
  expect(new Set(others.map(mapKey)).size).toBe(others.length);
  expect(mapKey({ ...map, name: "Class 1" })).toBe(mapKey(map));
});
