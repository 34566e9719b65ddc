import type { RunState } from "../api/types";
import type { IconName } from "./icons";

export type Tone = "ok" | "run" | "attn" | "need" | "fail" | "stale" | "idle";

/** How a state looks: never by colour alone. */
export interface Look {
  tone: Tone;
  icon: IconName;
  word: string;
}

const LOOKS: Record<RunState, Look> = {
  draft: { tone: "idle", icon: "pencil", word: "Draft" },
  queued: { tone: "idle", icon: "clock", word: "Queued" },
  running: { tone: "run", icon: "running", word: "Running" },
  "waiting for input": { tone: "run", icon: "hourglass", word: "Waiting for input" },
  "needs you": { tone: "need", icon: "hand", word: "Needs you" },
  attention: { tone: "attn", icon: "triangle", word: "Attention" },
  finished: { tone: "ok", icon: "check", word: "Finished" },
  failed: { tone: "fail", icon: "cross", word: "Failed" },
  stopped: { tone: "idle", icon: "stop", word: "Stopped" },
  interrupted: { tone: "stale", icon: "lost", word: "Interrupted" },
};

export const UNREADABLE: Look = { tone: "fail", icon: "triangle", word: "Unreadable" };

/** What is worth seeing first comes first. */
export const STATES = ["needs you", "attention", "failed", "interrupted", "running", "queued", "waiting for input", "draft", "stopped", "finished"] as const satisfies readonly RunState[];

const ACTIVE: ReadonlySet<RunState | null> = new Set(["queued", "running", "waiting for input", "needs you", "attention"]);

export function lookOf(state: RunState | null): Look {
  return state === null ? UNREADABLE : LOOKS[state];
}

/** Whether a driver is at work. */
export function isActive(state: RunState | null): boolean {
  return ACTIVE.has(state);
}

export function isState(text: string): text is RunState {
  return text in LOOKS;
}
