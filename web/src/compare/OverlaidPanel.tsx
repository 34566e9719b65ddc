import { Select, Skeleton } from "@mantine/core";
import { useQuery, type UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import type { ComparedColumn, ComparedCurves, RunSummary } from "../api/types";
import { ChartPanel } from "../charts/ChartPanel";
import { Legends } from "../charts/Legends";
import { withUnit } from "../charts/Axes";
import { kindWords } from "../kit/kinds";
import { ProblemNote } from "../kit/ProblemNote";
import { Chart } from "../maps/charts/Chart";
import { tableOf } from "./addresses";
import { correlationsQuery, histogramQuery } from "./queries";
import { styleAt } from "./styles";

interface Props {
  project: string;
  runs: readonly RunSummary[];
}

/** The corrected correlation of the half maps of each run, on one pair of axes. */
export function CorrelationPanel({ project, runs }: Props) {
  const curves = useQuery(correlationsQuery(project, runs));
  return <Overlaid runs={runs} curves={curves} table={tableOf(project, "correlation", runs.map((run) => run.ulid))} name="fsc" />;
}

/** How a measurement is distributed in each run, in the same bins. */
export function HistogramPanel({ project, runs, columns }: Props & { columns: readonly ComparedColumn[] }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const column = columns.find((one) => keyOf(one) === chosen) ?? columns[0];
  if (!column) return null;
  const kinds = [...new Set(columns.map((one) => one.kind))];
  const data = kinds.map((kind) => ({ group: kindWords(kind), items: columns.filter((one) => one.kind === kind).map((one) => ({ value: keyOf(one), label: withUnit(one.name, one.unit) })) }));
  return (
    <div className="overlaid">
      <Select label="Measurement" searchable allowDeselect={false} value={keyOf(column)} onChange={setChosen} data={data} />
      <Histogram project={project} runs={runs} column={column} />
    </div>
  );
}

function Histogram({ project, runs, column }: Props & { column: ComparedColumn }) {
  const curves = useQuery(histogramQuery(project, runs, column.kind, column.name));
  const table = tableOf(project, "histogram", runs.map((run) => run.ulid), { kind: column.kind, column: column.name });
  return <Overlaid runs={runs} curves={curves} table={table} name={column.name} />;
}

function keyOf(column: ComparedColumn): string {
  return `${column.kind}/${column.name}`;
}

function Overlaid({ runs, curves, table, name }: { runs: readonly RunSummary[]; curves: UseQueryResult<ComparedCurves>; table: string; name: string }) {
  if (curves.isPending) return <Skeleton height={280} />;
  if (curves.isError) return <ProblemNote error={curves.error} />;
  const { data } = curves;
  const styles = new Map(data.lines.map((line, at) => [line.name, styleAt(runs.findIndex((run) => run.ulid === data.runs[at]))]));
  const style = (line: { name: string }) => styles.get(line.name) ?? styleAt(0);
  return (
    <ChartPanel title={data.title} said={data.said} table={table} name={`runs-${runs.map((run) => run.number).join("-")}-${name}`}>
      {(drawing) => (
        <>
          <Chart curves={data} ref={drawing} style={style} />
          <Legends keys={data.lines.map((line) => ({ name: line.name, ...style(line) }))} />
        </>
      )}
    </ChartPanel>
  );
}
