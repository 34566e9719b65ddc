import { describe, expect, it } from "vitest";
import { EventMemory, identified, isIdentified, withEvent } from "./events";
import type { RunList } from "./types";
import { aRun } from "./sample";

const [one, two, three] = [aRun({ ulid: "A", number: 1 }), aRun({ ulid: "B", number: 2 }), aRun({ ulid: "C", number: 3 })];
const list: RunList = { event: "x:5", runs: [one, three] };

describe("withEvent", () => {
  it("puts a new run where its number belongs", () => {
    expect(withEvent(list, { id: "x:6", run: two })).toEqual({ event: "x:6", runs: [one, two, three] });
  });

  it("replaces a run that has changed and leaves the others the same objects", () => {
    const changed = { ...three, state: "finished" as const };
    const after = withEvent(list, { id: "x:6", run: changed });
    expect(after.runs[1]).toBe(changed);
    expect(after.runs[0]).toBe(one);
  });

  it("takes out a run that is gone", () => expect(withEvent(list, { id: "x:7", gone: "A" }).runs).toEqual([three]));

  it("passes over what the list already knows", () => expect(withEvent(list, { id: "x:5", gone: "A" })).toBe(list));
});

it("calls runs that cannot be read by their number", () => {
  const lost = identified(aRun({ ulid: "", number: 7 }));
  expect([lost.ulid, isIdentified(lost), isIdentified(one)]).toEqual(["7", false, true]);
});

describe("EventMemory", () => {
  it("replays what came while a list was under way, and only that", () => {
    const memory = new EventMemory();
    memory.add({ id: "x:4", gone: "A" });
    memory.add({ id: "x:6", run: two });
    memory.add({ id: "y:9", gone: "C" });
    expect(memory.replayed(list)).toEqual({ event: "x:6", runs: [one, two, three] });
  });
});
