import { expect, it } from "vitest";
import { called, protocolsLike } from "./search";

const protocols = ["filter-map", "filter", "ctf"].map((id) => ({ id, version: 1, title: `What ${id} does`, stage: "", shape: "map" as const, input_kinds: {}, output_kinds: {}, citations: [] }));

it("finds protocols by words, and knows the one that is called so", () => {
  expect(protocolsLike(protocols, "filter").map((one) => one.id)).toEqual(["filter-map", "filter"]);
  expect(called(protocols, " Filter ")?.id).toBe("filter");
  expect(called(protocols, "CTF")?.id).toBe("ctf");
  expect(called(protocols, "filt")).toBeUndefined();
});
