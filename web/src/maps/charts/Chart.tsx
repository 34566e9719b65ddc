import type { Ref } from "react";
import type { DrawnCurves, LineDocument } from "../../api/types";
import { Axes, withUnit } from "../../charts/Axes";
import { scaleOf, type Scale } from "../../charts/scales";
import { extentOf } from "./extent";
import { styleOf, type LineStyle } from "./styles";

const WIDTH = 460;
const HEIGHT = 216;
const BOX = { left: 62, right: 448, top: 24, bottom: 176 };

type Style = (line: LineDocument) => LineStyle;

interface Props {
  curves: DrawnCurves;
  ref: Ref<SVGSVGElement>;
  /** How each line is drawn. */
  style?: Style;
}

/** Curves on one pair of axes, with their thresholds. */
export function Chart({ curves, ref, style = styleOf }: Props) {
  const x = scaleOf(curves.x.scale, extentOf(curves, "x"), BOX.left, BOX.right, 44);
  const y = scaleOf(curves.y.scale, extentOf(curves, "y"), BOX.bottom, BOX.top, 24);
  return (
    <svg ref={ref} className="chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={`${curves.title}. ${curves.said}`}>
      <Axes box={BOX} x={x} y={y} along={axisWords(curves.x)} up={axisWords(curves.y)} />
      {drawnLast(curves.lines, style).map((line) => <Line key={line.name} line={line} style={style(line)} x={x} y={y} />)}
      <Marks curves={curves} x={x} y={y} />
    </svg>
  );
}

function Marks({ curves, x, y }: { curves: DrawnCurves; x: Scale; y: Scale }) {
  return curves.marks.map((mark) => {
    const at = (mark.axis === "x" ? x : y).place(mark.value);
    if (mark.axis === "y") {
      return (
        <g key={mark.words}>
          <line className="threshold" x1={BOX.left} x2={BOX.right} y1={at} y2={at} />
          <text className="over-lines" x={BOX.left + 6} y={at - 4}>{mark.words}</text>
        </g>
      );
    }
    const left = at > BOX.right - 24;
    return (
      <g key={mark.words}>
        <line className="thr" x1={at} x2={at} y1={BOX.top - 4} y2={BOX.bottom} />
        <text className="strong over-lines" x={left ? BOX.right : at} y={BOX.top - 10} textAnchor={left ? "end" : "middle"}>{mark.words}</text>
      </g>
    );
  });
}

/** Dashed lines over whole ones, so that neither hides the other where they meet. */
function drawnLast(lines: readonly LineDocument[], style: Style): LineDocument[] {
  return lines.toSorted((a, b) => Number(style(a).dash !== "") - Number(style(b).dash !== ""));
}

function Line({ line, style: { colour, dash }, x, y }: { line: LineDocument; style: LineStyle; x: Scale; y: Scale }) {
  const points = line.x.flatMap((value, at) => {
    const over = line.y[at];
    return over == null ? [] : [[x.place(value), y.place(over)] as const];
  });
  if (line.drawn === "points") return points.map(([px, py]) => <circle key={px} cx={px} cy={py} r={4} fill={colour} />);
  return <polyline points={points.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(" ")} fill="none" stroke={colour} strokeWidth={1.6} strokeDasharray={dash || undefined} />;
}

/** "spatial frequency (Å)": axes that are read as resolutions say so. */
function axisWords({ label, unit, scale }: DrawnCurves["x"]): string {
  if (scale === "frequency" || scale === "squared-frequency" || scale === "inverse-square") return `${label}, as resolution in Å`;
  return withUnit(label, unit);
}
