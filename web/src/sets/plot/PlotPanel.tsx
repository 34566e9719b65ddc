import { ActionIcon, Button, Select, Skeleton } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { PlotDocument, RowPage } from "../../api/types";
import { ChartPanel } from "../../charts/ChartPanel";
import { count } from "../../kit/format";
import { Icon } from "../../kit/Icon";
import { ProblemNote } from "../../kit/ProblemNote";
import { isNumber } from "../rows";
import type { RowsAsked } from "../useRows";
import { numbersOf } from "./numbers";
import { PlotChart } from "./PlotChart";
import { canBePlotted, plotQuery, type Plotted } from "./plotted";
import { RangeFields } from "./RangeFields";
import { both, conditionOf, isValue, NOTHING, type Marked } from "./ranges";
import { ValueBars } from "./ValueBars";
import "./plot.css";

interface Props {
  asked: RowsAsked;
  page: RowPage;
  plotted: Plotted;
  change: (next: Plotted | null) => void;
  filter: (condition: string) => void;
}

/** The columns of a set against each other; what is marked there becomes the filter. */
export function PlotPanel({ asked, page, plotted, change, filter }: Props) {
  const found = useQuery({ ...plotQuery(asked, page.generation, plotted), placeholderData: keepPreviousData });
  const { x, y } = plotted;
  const numbers = page.columns.filter(isNumber).map((column) => column.name);
  return (
    <aside className="plotbox" aria-label="Plot">
      <div className="plotaxes">
        <Select label="Column" value={x} data={page.columns.filter(canBePlotted).map((column) => column.name)} searchable allowDeselect={false} onChange={(to) => to && change({ x: to, y: numbers.includes(to) ? y : "" })} />
        <Select label="Against" placeholder="number of rows" value={y || null} data={numbers} searchable clearable disabled={!numbers.includes(x)} onChange={(to) => change({ x, y: to ?? "" })} />
        <ActionIcon variant="subtle" size={32} aria-label="Close the plot" onClick={() => change(null)}><Icon name="cross" /></ActionIcon>
      </div>
      {found.isError && <div className="section"><ProblemNote error={found.error} /></div>}
      {found.isPending && <Skeleton height={320} />}
      {found.data && <Plot key={`${found.data.x.name} ${found.data.y?.name ?? ""} ${asked.filter}`} plot={found.data} former={found.isPlaceholderData} asked={asked} filter={filter} />}
    </aside>
  );
}

interface PlotProps {
  plot: PlotDocument;
  former: boolean;
  asked: RowsAsked;
  filter: (condition: string) => void;
}

function Plot({ plot, former, asked, filter }: PlotProps) {
  const [marked, setMarked] = useState<Marked>(NOTHING);
  const condition = conditionOf(plot, marked);
  const title = plot.y ? `${plot.y.name} against ${plot.x.name}` : plot.x.name;
  const said = saidOf(plot);
  return (
    <div className={former ? "plotted former" : "plotted"} aria-busy={former}>
      <ChartPanel title={title} said={said} table={() => numbersOf(plot)} name={[asked.output, plot.x.name, plot.y?.name].filter(Boolean).join("-")}>
        {(drawing) => (plot.drawn === "bars" ? <ValueBars ref={drawing} plot={plot} choose={(value) => filter(both(asked.filter, isValue(plot.x.name, value)))} /> : <PlotChart plot={plot} said={`${title}. ${said}`} marked={marked} mark={setMarked} drawing={drawing} />)}
      </ChartPanel>
      {plot.drawn !== "bars" && (
        <section className="marking" aria-label="What is marked">
          <p className="sm dim">Draw over the plot, or type limits, to mark rows.</p>
          <RangeFields axis={plot.x} range={marked.x} mark={(range) => setMarked({ ...marked, x: range })} />
          {plot.y && <RangeFields axis={plot.y} range={marked.y} mark={(range) => setMarked({ ...marked, y: range })} />}
          {condition && <p className="mono sm" role="status">{condition}</p>}
          <div className="row">
            <Button variant="filled" disabled={!condition} onClick={() => filter(both(asked.filter, condition))}>Show only these</Button>
            <Button disabled={!condition} onClick={() => filter(both(asked.filter, `not (${condition})`))}>Leave these out</Button>
            {condition && <Button variant="subtle" onClick={() => setMarked(NOTHING)}>Mark nothing</Button>}
          </div>
        </section>
      )}
    </div>
  );
}

/** How many rows a plot shows, and of how many something is not known. */
export function saidOf({ matching, unknown, x, y }: PlotDocument): string {
  const rows = `${count(matching - unknown)} ${matching - unknown === 1 ? "row" : "rows"}.`;
  if (unknown === 0) return rows;
  return `${rows} Of ${count(unknown)} more, ${y ? `${x.name} or ${y.name}` : x.name} is not known.`;
}
