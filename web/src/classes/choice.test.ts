import { describe, expect, it } from "vitest";
import type { ClassDocument } from "../api/types";
import { AS_PROPOSED, decisionOf, inOrder, isKept, isOverridden, isSame, keptOf, toggled } from "./choice";

const aClass = (label: number | null, changes: Partial<ClassDocument> = {}): ClassDocument => ({
  id: "0".repeat(16), place: (label ?? 9) - 1, label, class_number: label ?? 9, particle_count: 100, kept_count: 90, resolution: 8, evenness: 0.9, merit: 0.5, proposed: true, reason: "", ...changes,
});

const good = aClass(1);
const bad = aClass(2, { proposed: false });
const both = [good, bad];

describe("a choice", () => {
  it("is the proposal until somebody changes it", () => {
    expect(both.map((one) => isKept(one, AS_PROPOSED))).toEqual([true, false]);
    expect(keptOf(both, AS_PROPOSED)).toEqual({ classes: 1, particles: 90 });
  });

  it("says only what is otherwise than proposed", () => {
    const choice = toggled(bad, toggled(good, AS_PROPOSED, both), both);
    expect(decisionOf(choice)).toEqual({ keep: "2", leave_out: "1" });
    expect(both.map((one) => isOverridden(one, choice))).toEqual([true, true]);
  });

  it("is the proposal again when everything is changed back", () => {
    const there = toggled(bad, toggled(good, AS_PROPOSED, both), both);
    expect(isSame(toggled(good, toggled(bad, there, both), both), AS_PROPOSED)).toBe(true);
  });

  it("holds for all classes that share a label, whatever is proposed of each", () => {
    const [one, other] = [aClass(3), aClass(3, { proposed: false })];
    const twins = [one, other];
    const out = toggled(one, AS_PROPOSED, twins);
    expect(twins.map((one) => isKept(one, out))).toEqual([false, false]);
    const back = toggled(other, out, twins);
    expect(twins.map((one) => isKept(one, back))).toEqual([true, true]);
  });

  it("keeps the labels of classes that a round does not show", () => {
    const choice = { keep: [7], leaveOut: [9] };
    expect(decisionOf(toggled(good, choice, both))).toEqual({ keep: "7", leave_out: "1, 9" });
  });

  it("cannot name a class without a label", () => expect(toggled(aClass(null), AS_PROPOSED, [])).toBe(AS_PROPOSED));
});

it("puts in order, and what is not known last", () => {
  const classes = [aClass(1, { resolution: null }), aClass(2, { resolution: 12, merit: null }), aClass(3, { resolution: 7, particle_count: 900 })];
  const labels = (order: "members" | "resolution" | "merit" | "label") => inOrder(classes, order).map((one) => one.label);
  expect([labels("members"), labels("resolution"), labels("merit"), labels("label")]).toEqual([[3, 1, 2], [3, 2, 1], [1, 3, 2], [1, 2, 3]]);
});
