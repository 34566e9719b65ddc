import type { DrawnCurves } from "../../api/types";

/** The lowest and highest of some values, with some room; round correlations for curves of the half maps. */
export function extentOf(curves: DrawnCurves, axis: "x" | "y"): [number, number] {
  const marks = curves.marks.filter((mark) => mark.axis === axis).map((mark) => mark.value);
  const values = [...curves.lines.flatMap((line): (number | null)[] => line[axis]), ...marks].filter((value): value is number => value !== null);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (axis === "y" && curves.x.scale === "frequency" && curves.y.scale === "linear") return [Math.min(-0.05, low), 1];
  if (axis === "x" && curves.x.scale !== "logarithm" && curves.x.scale !== "linear") return [0, high];
  const room = curves.x.scale === "logarithm" && axis === "x" ? null : 0.06 * (high - low || high);
  return room === null ? [low / 1.15, high * 1.15] : [low - room, high + room];
}
