import { Status } from "../kit/Status";
import type { Verdict } from "./thresholds";

const LOOKS = {
  kept: { tone: "ok", icon: "check", word: "Kept" },
  out: { tone: "idle", icon: "cross", word: "Out" },
  waits: { tone: "run", icon: "hourglass", word: "Waits for its CTF" },
} as const;

/** What the thresholds make of an exposure, and why. */
export function VerdictWord({ verdict }: { verdict: { verdict: Verdict; because: readonly string[] } | undefined }) {
  if (!verdict) return null;
  const look = LOOKS[verdict.verdict];
  return <Status look={look} words={verdict.because.length > 0 ? `${look.word}: ${verdict.because.join(", ")}` : look.word} />;
}
