import { describe, expect, it } from "vitest";
import { ApiError, isSignedOut, problemFrom, problemOf } from "./problems";

describe("problemFrom", () => {
  it("keeps the server's sentence, listing and path", () => {
    const problem = problemFrom(409, { message: "There is one already.", listing: "a\nb", path: "/data/a", figures: {} });
    expect(problem).toMatchObject({ message: "There is one already.", listing: "a\nb", path: "/data/a" });
  });

  it("makes a sentence of what a check of fields answers", () => {
    const problem = problemFrom(422, { detail: [{ loc: ["body", "name"], msg: "String should have at least 1 character" }] });
    expect(problem.message).toBe("name: String should have at least 1 character.");
  });

  it("says something when there is nothing to say", () => expect(problemFrom(502, null).message).toContain("502"));
});

describe("problemOf", () => {
  it("takes whatever is not an answer for a server that is away", () => {
    expect(problemOf(new TypeError("fetch failed")).message).toContain("does not answer");
  });

  it("tells who is signed out", () => {
    expect(isSignedOut(new ApiError(401, problemFrom(401, null)))).toBe(true);
    expect(isSignedOut(new TypeError("fetch failed"))).toBe(false);
  });
});
