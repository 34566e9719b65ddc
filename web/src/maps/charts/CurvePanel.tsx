import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { curvesQuery } from "../../api/queries";
import type { Curve } from "../../api/types";
import { ChartPanel } from "../../charts/ChartPanel";
import { Legends } from "../../charts/Legends";
import { ProblemNote } from "../../kit/ProblemNote";
import { tableAddress } from "../addresses";
import { Chart } from "./Chart";
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
          <Legends keys={data.lines.map((line) => ({ name: line.name, points: line.drawn === "points", ...styleOf(line) }))} />
        </>
      )}
    </ChartPanel>
  );
}
