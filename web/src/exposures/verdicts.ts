import type { ExposureVerdict } from "../api/types";

export type ByHand = ExposureVerdict["by_hand"];

/** What was said of an exposure before somebody said otherwise, so that it can be taken back. */
export interface Said {
  exposure: string;
  before: ByHand;
}

/** How a verdict is told: colour, icon and words. */
export function lookOf({ by_hand, accepted }: ExposureVerdict) {
  if (by_hand === "keep") return { tone: "ok", icon: "check", word: "Kept by hand" } as const;
  if (by_hand === "leave_out") return { tone: "idle", icon: "cross", word: "Rejected by hand" } as const;
  if (accepted === null) return null;
  return accepted ? ({ tone: "ok", icon: "check", word: "Kept" } as const) : ({ tone: "idle", icon: "cross", word: "Out by the thresholds" } as const);
}

/** What a key or button says of an exposure; said twice, it is taken back. */
export function saidNext(now: ByHand, asked: "keep" | "leave_out"): ByHand {
  return now === asked ? null : asked;
}

/** What is known of another exposure after a decision that it knows the one before of; others are left to be read anew. */
export function afterDecision(known: ExposureVerdict | undefined, before: string | null, answer: ExposureVerdict): ExposureVerdict | undefined {
  if (known?.decision !== before) return known;
  const { run, run_number, decision, by, read_by } = answer;
  return { ...known, run, run_number, decision, by, read_by };
}
