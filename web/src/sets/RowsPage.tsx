import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { runsQuery } from "../api/queries";
import { PageSkeleton } from "../app/PageSkeleton";
import { count } from "../kit/format";
import { Empty } from "../kit/Empty";
import { KindGlyph } from "../kit/KindGlyph";
import { kindWords } from "../kit/kinds";
import { ProblemNote } from "../kit/ProblemNote";
import { runName } from "../workflow/names";
import { useAsked } from "./asked";
import { FilterLine } from "./FilterLine";
import { PlotPanel } from "./plot/PlotPanel";
import { usePlotted } from "./plot/plotted";
import { shownOf, toldCount } from "./rows";
import { Rows } from "./Rows";
import { pageQuery } from "./useRows";
import { SHOWN_AS_IMAGES, ViewSwitch } from "./ViewSwitch";
import "./sets.css";

/** The rows of an output: sorted, filtered, and asked for as they come into view. */
export function RowsPage() {
  const [asked, change] = useAsked();
  const [plotted, plot] = usePlotted();
  const { project, run, output } = asked;
  const first = useQuery({ ...pageQuery(asked, 0), placeholderData: keepPreviousData });
  const runs = useQuery(runsQuery(project));
  const made = runs.data?.runs.find((one) => one.ulid === run);
  if (first.isPending) return <PageSkeleton />;
  const { data: page, isPlaceholderData: former } = first;
  const shown = shownOf(page, former);
  return (
    <div className="beside">
      <main className="page" id="page">
        <div className="pagehead">
          <h1 className="row">{page && <KindGlyph kind={page.kind} />}{output}</h1>
          {page && page.kind in SHOWN_AS_IMAGES && <ViewSwitch view="rows" />}
          {made && <span className="dim cut">of <Link to={`/projects/${project}?run=${run}`}>run {made.number}, {runName(made)}</Link></span>}
          {page && <span className="faint nw hide-narrow">{kindWords(page.kind)}, {page.closed ? "complete" : "more may come"}</span>}
          <span className="grow" />
          <span className="dim nw" role="status">{page && toldCount(page, asked.filter !== "", former)}</span>
        </div>
        <FilterLine key={asked.filter} filter={asked.filter} error={asked.filter ? first.error : null} columns={page?.columns} apply={(filter) => change({ filter })} />
        {first.isError && !asked.filter && <div className="section"><ProblemNote error={first.error} /></div>}
        {page && shown === "none" && (asked.filter ? <Empty title="No item is like that"><p>Change the filter, or take it off to see all {count(page.count)} items.</p></Empty> : <Empty title="There is nothing in this set"><p>{page.closed ? "The run that makes it has ended and put nothing here." : "Items come here while the run that makes it goes on; this page shows them as they come."}</p></Empty>)}
        {page && page.matching > 0 && <Rows key={`${run}.${output}`} asked={asked} page={page} former={former} sort={(sort, descending) => change({ sort, descending })} plotted={plotted} plot={plot} />}
      </main>
      {page && plotted && <PlotPanel asked={asked} page={page} plotted={plotted} change={plot} filter={(filter) => change({ filter })} />}
    </div>
  );
}
