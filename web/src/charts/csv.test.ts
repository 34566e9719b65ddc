import { expect, test } from "vitest";
import { csvOf } from "./csv";

test("a table is read back as it was, whatever its text holds", () => {
  expect(csvOf(["name", "defocus (µm)"], [['a "b", c', 1.5], ["d\ne", null]])).toBe('name,defocus (µm)\n"a ""b"", c",1.5\n"d\ne",\n');
});
