import { expect, it } from "vitest";
import type { AlarmDocument } from "../api/types";
import { loud, up } from "./alarms";

const alarm = (changes: Partial<AlarmDocument>): AlarmDocument => ({
  alarm: "disk", title: "Disk", on: true, since: 5, sentence: "", acknowledged_by: "", acknowledged_at: 0, snoozed_until: 0, snoozed_by: "", run: null, ...changes,
});

it("shows what is up until somebody has seen it or has put it off", () => {
  const alarms = [alarm({ title: "new" }), alarm({ title: "seen", acknowledged_by: "Ana" }), alarm({ title: "later", snoozed_until: 20 }), alarm({ title: "over", on: false })];
  expect(loud(alarms, 10_000).map((one) => one.title)).toEqual(["new"]);
  expect(loud(alarms, 20_000).map((one) => one.title)).toEqual(["new", "later"]);
  expect(up(alarms)).toHaveLength(3);
});
