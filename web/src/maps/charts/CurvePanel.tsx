import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { curvesQuery } from "../../api/queries";
import type { Curve, LineDocument } from "../../api/types";
import { ProblemNote } from "../../kit/ProblemNote";
import { tableAddress } from "../addresses";
import { Chart } from "./Chart";
import { ChartPanel } from "./ChartPanel";
import { styleOf } from "./styles";

interface Props {
  project: string;
  run: string;
  map: string;
  curve: Curve;
  name: string;
}

/** Curves of a map. */
export function CurvePanel({ project, run, map, curve, name }: Props) {
  const curves = useQuery(curvesQuery(project, run, curve, map));
  if (curves.isPending) return <Skeleton height={280} />;
  if (curves.isError) return <ProblemNote error={curves.error} />;
  const { data } = curves;
  return (
    <ChartPanel title={data.title} said={data.said} table={tableAddress(project, run, curve, map)} name={`${name}-${curve}`}>
      {(drawing) => (
        <>
          <Chart curves={data} ref={drawing} />
          <p className="legends">{data.lines.map((line) => <Key key={line.name} line={line} />)}</p>
        </>
      )}
    </ChartPanel>
  );
}

/** How a line is drawn, and what it is. */
function Key({ line }: { line: LineDocument }) {
  const { colour, dash } = styleOf(line);
  return (
    <span className="legend">
      <svg width="20" height="8" aria-hidden="true">
        {line.drawn === "points" ? <circle cx="10" cy="4" r="3.5" fill={colour} /> : <path d="M0 4h20" stroke={colour} strokeWidth="2" strokeDasharray={dash || undefined} />}
      </svg>
      {line.name}
    </span>
  );
}
