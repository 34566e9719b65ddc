import { useQuery } from "@tanstack/react-query";
import { Link, useParams, useSearchParams } from "react-router";
import { runsQuery } from "../api/queries";
import { PageSkeleton } from "../app/PageSkeleton";
import { counted } from "../kit/format";
import { Empty } from "../kit/Empty";
import { ProblemNote } from "../kit/ProblemNote";
import { runName } from "../workflow/names";
import { ExposureRows } from "./ExposureRows";
import { exposuresQuery } from "./queries";
import { useRefreshed } from "./useRefreshed";
import { asSearch, nextSorting, sortingOf } from "./table";
import { useOrder } from "./useOrder";
import "./exposures.css";
import "../sets/sets.css";

/** All exposures of a set of micrographs, one row each. */
export function ExposuresPage() {
  const { project = "", run = "", output = "" } = useParams();
  const place = { project, run, output };
  const [params, setParams] = useSearchParams();
  const table = useQuery(exposuresQuery(place));
  const runs = useQuery(runsQuery(project)).data?.runs;
  useRefreshed(exposuresQuery(place).queryKey, Object.values(table.data?.sets ?? {}).map((link) => link.run), runs);
  const made = runs?.find((one) => one.ulid === run);
  const sorting = sortingOf(params);
  const order = useOrder(table.data, sorting);
  if (table.isPending) return <PageSkeleton />;
  return (
    <main className="page" id="page">
      <div className="pagehead">
        <h1>Exposures</h1>
        {made && <span className="dim cut">of <Link to={`/projects/${project}?run=${run}`}>run {made.number}, {runName(made)}</Link></span>}
        <span className="grow" />
        {table.data && <span className="dim nw" role="status">{counted(table.data.count, "exposures")}{table.data.closed ? "" : ", more may come"}</span>}
      </div>
      {table.isError && <div className="section"><ProblemNote error={table.error} /></div>}
      {table.data?.count === 0 && <Empty title="There are no exposures yet"><p>They come here as soon as the first movie has been aligned.</p></Empty>}
      {table.data && table.data.count > 0 && (
        <ExposureRows place={place} table={table.data} order={order} sorting={sorting} sort={(by) => setParams(asSearch(nextSorting(sorting, by)), { replace: true })} />
      )}
    </main>
  );
}
