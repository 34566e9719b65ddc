import type { LineStyle } from "../maps/charts/styles";

const STYLES: readonly LineStyle[] = [
  { colour: "var(--plot-1)", dash: "" },
  { colour: "var(--plot-2)", dash: "6 3" },
  { colour: "var(--plot-3)", dash: "2 2" },
  { colour: "var(--plot-1)", dash: "9 3 2 3" },
  { colour: "var(--plot-2)", dash: "" },
  { colour: "var(--plot-3)", dash: "6 3" },
];

/** How the line of a run is drawn, by its place among those that are compared: no two alike, nor told apart by colour alone. */
export function styleAt(place: number): LineStyle {
  return STYLES[place % STYLES.length] ?? { colour: "var(--plot-1)", dash: "" };
}
