import { expect, it } from "vitest";
import { byReason } from "./failures";

const item = (id: string, reason: string, excluded = false) => ({ id, label: id, reason, excluded });

it("puts the commonest reason first, and what people left out last", () => {
  const found = byReason([item("a", "left out", true), item("b", "truncated"), item("c", "no rings"), item("d", "left out", true), item("e", "no rings")]);
  expect(found.map((one) => [one.reason, one.items.map((each) => each.id)])).toEqual([["no rings", ["c", "e"]], ["truncated", ["b"]], ["left out", ["a", "d"]]]);
});
