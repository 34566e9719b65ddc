import { describe, expect, it } from "vitest";
import type { SharedWith, Sharing } from "../api/types";
import { asked, notYetIn, withoutShare, withShare } from "./sharing";

const BEA: SharedWith = { person: "b", name: "Bea", right: "read" };
const CARL: SharedWith = { person: "c", name: "Carl", right: "write" };

describe("shares", () => {
  it("hold each person once", () => {
    expect(withShare([BEA], { id: "c", name: "Carl" }, "write")).toEqual([BEA, CARL]);
    expect(withShare([BEA, CARL], { id: "b", name: "Bea" }, "write")).toEqual([{ ...BEA, right: "write" }, CARL]);
  });
  it("lose one person alone", () => {
    expect(withoutShare([BEA, CARL], "b")).toEqual([CARL]);
    expect(withoutShare([BEA], "x")).toEqual([BEA]);
  });
  it("are sent without names", () => {
    expect(asked([BEA])).toEqual([{ person: "b", right: "read" }]);
  });
});

describe("people to share with", () => {
  it("are neither the owner nor those who have a share", () => {
    const sharing: Sharing = { owner: "a", owner_name: "Ana", shares: [BEA], revision: 1, may_change: true };
    const people = ["a", "b", "c"].map((id) => ({ id, name: id, email: "" }));
    expect(notYetIn(sharing, people).map((person) => person.id)).toEqual(["c"]);
  });
});
