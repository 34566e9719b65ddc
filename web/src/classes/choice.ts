import type { ClassDocument, ClassWall } from "../api/types";

/** What a person has changed of the proposal, by the labels of classes. */
export interface Choice {
  keep: readonly number[];
  leaveOut: readonly number[];
}

export const AS_PROPOSED: Choice = { keep: [], leaveOut: [] };

/** What was decided last. */
export function savedChoice(wall: ClassWall): Choice {
  return wall.choice ? { keep: wall.choice.keep, leaveOut: wall.choice.leave_out } : AS_PROPOSED;
}

/** Whether a class is kept: by a person, or as proposed if nobody leaves it out. */
export function isKept(one: ClassDocument, choice: Choice): boolean {
  if (one.label === null) return one.proposed;
  return choice.keep.includes(one.label) || (one.proposed && !choice.leaveOut.includes(one.label));
}

/** Whether a person has decided against the proposal. */
export function isOverridden(one: ClassDocument, choice: Choice): boolean {
  return isKept(one, choice) !== one.proposed;
}

/** The choice in which a class, with all that share its label, is kept if it was not, and the other way round. */
export function toggled(one: ClassDocument, choice: Choice, classes: readonly ClassDocument[]): Choice {
  const { label } = one;
  if (label === null) return choice;
  const same = classes.filter((other) => other.label === label);
  const keep = choice.keep.filter((other) => other !== label);
  const leaveOut = choice.leaveOut.filter((other) => other !== label);
  if (isKept(one, choice)) return { keep, leaveOut: same.some((other) => other.proposed) ? sorted([...leaveOut, label]) : leaveOut };
  return { keep: same.every((other) => other.proposed) ? keep : sorted([...keep, label]), leaveOut };
}

export function isSame(a: Choice, b: Choice): boolean {
  return sorted(a.keep).join() === sorted(b.keep).join() && sorted(a.leaveOut).join() === sorted(b.leaveOut).join();
}

/** The choice as the protocol's own decision has it. */
export function decisionOf(choice: Choice): { keep: string; leave_out: string } {
  return { keep: sorted(choice.keep).join(", "), leave_out: sorted(choice.leaveOut).join(", ") };
}

/** How many classes and particles a choice keeps. */
export function keptOf(classes: readonly ClassDocument[], choice: Choice): { classes: number; particles: number } {
  const kept = classes.filter((one) => isKept(one, choice));
  return { classes: kept.length, particles: kept.reduce((sum, one) => sum + one.kept_count, 0) };
}

/** How many classes are otherwise than proposed. */
export function overriddenOf(classes: readonly ClassDocument[], choice: Choice): number {
  return classes.filter((one) => isOverridden(one, choice)).length;
}

export const ORDERS = ["members", "resolution", "merit", "label"] as const;
export type Order = (typeof ORDERS)[number];

/** Classes in an order: the most members, the finest detail or the highest merit first, or by label; what is not known comes last. */
export function inOrder(classes: readonly ClassDocument[], order: Order): ClassDocument[] {
  const rank = RANKS[order];
  return classes.toSorted((a, b) => rank(a) - rank(b) || a.place - b.place);
}

const RANKS: Record<Order, (one: ClassDocument) => number> = {
  members: (one) => -one.particle_count,
  resolution: (one) => one.resolution ?? LAST,
  merit: (one) => (one.merit === null ? LAST : -one.merit),
  label: (one) => one.label ?? LAST,
};

const LAST = Number.MAX_VALUE;

/** Whether two walls show the same round. */
export function isSameRound(a: ClassWall, b: ClassWall): boolean {
  return JSON.stringify(a.classes) === JSON.stringify(b.classes);
}

function sorted(labels: readonly number[]): number[] {
  return [...new Set(labels)].sort((a, b) => a - b);
}
