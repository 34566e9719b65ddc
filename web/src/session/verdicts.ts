import type { Look } from "../kit/status";

const LOOKS: Readonly<Record<string, Look | undefined>> = {
  ok: { tone: "ok", icon: "check", word: "OK" },
  look: { tone: "attn", icon: "triangle", word: "Look" },
  stop: { tone: "fail", icon: "stop", word: "Stop" },
};
const UNKNOWN: Look = { tone: "idle", icon: "minus", word: "Not told" };

/** How what a check of the preflight asks for is shown. */
export function lookOfVerdict(verdict: string): Look {
  return LOOKS[verdict] ?? UNKNOWN;
}
