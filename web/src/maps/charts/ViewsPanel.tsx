import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, type Ref } from "react";
import { viewsQuery } from "../../api/queries";
import type { ViewsDocument } from "../../api/types";
import { ChartPanel } from "../../charts/ChartPanel";
import { count } from "../../kit/format";
import { ProblemNote } from "../../kit/ProblemNote";
import { tableAddress } from "../addresses";
import { shadesOf } from "./cells";

interface Props {
  project: string;
  run: string;
  map: string;
  name: string;
}

/** From where the particles of a map are seen. */
export function ViewsPanel({ project, run, map, name }: Props) {
  const views = useQuery(viewsQuery(project, run, map));
  if (views.isPending) return <Skeleton height={280} />;
  if (views.isError) return <ProblemNote error={views.error} />;
  const { data } = views;
  const copies = data.symmetry === "C1" ? "" : `, each seen from all sides that ${data.symmetry} makes alike`;
  const some = data.counted < data.particle_count ? `, of which ${count(data.counted)} were counted` : "";
  return (
    <ChartPanel title="Angular distribution" said={`${data.said} ${count(data.particle_count)} particles${some}${copies}.`} table={tableAddress(project, run, "views", map)} name={`${name}-views`}>
      {(drawing) => <Directions views={data} ref={drawing} />}
    </ChartPanel>
  );
}

function Directions({ views, ref }: { views: ViewsDocument; ref: Ref<SVGSVGElement> }) {
  const shades = useMemo(() => shadesOf(views.density), [views.density]);
  const rows = views.density.length;
  const most = Math.max(...views.density.flat().map((one) => one ?? 0));
  const scale = 168 / rows;
  return (
    <svg ref={ref} className="chart" viewBox="0 0 460 204" role="img" aria-label={`Density of views on an equal-area map of all directions. ${views.said}`}>
      <g transform={`translate(60 16) scale(${scale})`}>
        {shades.map(({ share, path }) => <path key={share} d={path} fill={shadeColour(share)} />)}
      </g>
      <text x={228} y={11} textAnchor="middle">tilt 0°</text>
      <text x={228} y={199} textAnchor="middle">tilt 180°</text>
      <text x={55} y={104} textAnchor="end">rot −180°</text>
      <text x={400} y={104}>180°</text>
      {Array.from({ length: 13 }, (_, at) => <rect key={at} x={436} y={140 - at * 9} width={8} height={9} fill={shadeColour(at / 12)} />)}
      <text x={440} y={24} textAnchor="middle">{Number(most.toPrecision(2))} ×</text>
      <text x={440} y={164} textAnchor="middle">0</text>
      <text x={436} y={178} textAnchor="middle">even: 1</text>
    </svg>
  );
}

function shadeColour(share: number): string {
  return `color-mix(in oklch, var(--plot-1) ${Math.round(100 * share)}%, var(--sunken))`;
}
