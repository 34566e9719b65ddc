import type { LineDocument } from "../../api/types";

export interface LineStyle {
  colour: string;
  dash: string;
}

const KNOWN: Readonly<Record<string, LineStyle | undefined>> = {
  corrected: { colour: "var(--plot-1)", dash: "" },
  masked: { colour: "var(--plot-2)", dash: "5 3" },
  unmasked: { colour: "var(--plot-3)", dash: "" },
  "phase-randomised": { colour: "var(--ink-3)", dash: "1.5 3" },
  "both halves": { colour: "var(--plot-3)", dash: "" },
  "one deviation above": { colour: "var(--plot-3)", dash: "2 2" },
  "one deviation below": { colour: "var(--plot-3)", dash: "2 2" },
};

/** How a line is drawn: never told from the others by colour alone. */
export function styleOf(line: LineDocument): LineStyle {
  if (line.drawn === "fit") return { colour: "var(--ink)", dash: "4 3" };
  return KNOWN[line.name] ?? { colour: "var(--plot-1)", dash: "" };
}
