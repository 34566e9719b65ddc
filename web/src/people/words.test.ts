import { describe, expect, it } from "vitest";
import type { AuditEntry } from "../api/types";
import { actWords, ending, initials, refusal, signInAddress } from "./words";

const ENTRY: AuditEntry = { moment: "2026-11-29T20:00:00.000+00:00", person: "", name: "Ana", by: "browser", act: "change sharing", status: 200, place: "", facts: {} };

describe("why somebody was not let in", () => {
  it("is told for what is known", () => {
    expect(refusal("?refused=member")).toContain("not in the group");
  });
  it("is never what the address says itself", () => {
    expect(refusal("?refused=%3Cb%3ECall%20555%3C%2Fb%3E")).toBe("");
    expect(refusal("?refused=constructor")).toBe("");
    expect(refusal("")).toBe("");
  });
});

describe("where to sign in", () => {
  it("leads back to where one is, without why one was refused", () => {
    expect(signInAddress({ pathname: "/projects/01A", search: "?run=2&refused=denied" })).toBe("/sign-in?to=%2Fprojects%2F01A%3Frun%3D2");
    expect(signInAddress({ pathname: "/", search: "?refused=denied" })).toBe("/sign-in?to=%2F");
  });
});

describe("an act of the log", () => {
  it("is told with what was noted", () => {
    expect(actWords({ ...ENTRY, facts: { project: "Ribosome", shared_with: "Bea (read)" } })).toBe("Change sharing · project: Ribosome · shared with: Bea (read)");
    expect(actWords(ENTRY)).toBe("Change sharing");
  });
  it("ends well, is refused, or fails", () => {
    expect([200, 303, 403, 409, 507].map((status) => ending(status).word)).toEqual(["Done", "Done", "Refused", "Refused", "Failed"]);
  });
});

describe("initials", () => {
  it("are those of the first and the last name", () => {
    expect(initials("Ana Maria Sousa")).toBe("AS");
    expect(initials("ana")).toBe("A");
    expect(initials("j.lind")).toBe("JL");
    expect(initials("")).toBe("?");
    expect(initials("Ångström")).toBe("Å");
  });
});
