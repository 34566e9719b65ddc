import { expect, it } from "vitest";
import { moved } from "./selection";

it.each([
  ["ArrowDown", -1, 5, 1, 0],
  ["ArrowDown", 4, 5, 1, 4],
  ["ArrowUp", -1, 5, 1, 4],
  ["ArrowUp", 1, 5, 3, 1],
  ["ArrowDown", 1, 5, 3, 4],
  ["ArrowRight", 1, 5, 3, 2],
  ["ArrowRight", 1, 5, 1, null],
  ["End", 0, 5, 1, 4],
  ["a", 0, 5, 1, null],
])("%s from %d of %d in %d columns leads to %s", (key, at, length, columns, to) => expect(moved(key, at, length, columns)).toBe(to));
