import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";
import { projectQuery, runsQuery } from "../api/queries";
import type { RunSummary } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { Empty } from "../kit/Empty";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { FEWEST, runsOf } from "./addresses";
import { ComparedTable } from "./ComparedTable";
import { MapsPanel } from "./MapsPanel";
import { CorrelationPanel, HistogramPanel } from "./OverlaidPanel";
import { OverlapPanel } from "./OverlapPanel";
import { comparisonQuery } from "./queries";
import { RunPicker } from "./RunPicker";
import { WallsPanel } from "./WallsPanel";
import "./compare.css";

/** Two to six runs beside each other; which ones stands in the address, so that it can be passed on. */
export function ComparePage() {
  const { project = "" } = useParams();
  const [search, setSearch] = useSearchParams();
  const list = useQuery(runsQuery(project));
  if (list.isPending) return <PageSkeleton />;
  const runs = list.data?.runs ?? [];
  const chosen = runsOf(search);
  const found = chosen.flatMap((ulid) => runs.find((run) => run.ulid === ulid) ?? []);
  const choose = (next: readonly string[]) => setSearch(new URLSearchParams(next.map((run) => ["run", run])), { replace: true });
  return (
    <main className="page" id="page">
      <div className="pagehead">
        <h1>Compare</h1>
        <RunPicker runs={runs} chosen={found.map((run) => run.ulid)} choose={choose} />
        <CopyAddress />
      </div>
      {list.isError && <div className="section"><ProblemNote error={list.error} /></div>}
      {found.length < chosen.length && <p className="most sm dim" role="status">{chosen.length - found.length === 1 ? "One of the runs" : "Some of the runs"} of this address are not in this project any more.</p>}
      {found.length < FEWEST && list.data && <Empty title="Choose two runs"><p>Two to six runs stand beside each other here: what was asked of them, what they made, and what of it is the same.</p></Empty>}
      {found.length >= FEWEST && <Compared project={project} runs={found} />}
    </main>
  );
}

function CopyAddress() {
  const clipboard = useClipboard({ timeout: 3000 });
  return <Button variant="subtle" leftSection={<Icon name={clipboard.copied ? "check" : "copy"} />} onClick={() => clipboard.copy(location.href)}>{clipboard.copied ? "Copied" : "Copy address"}</Button>;
}

function Compared({ project, runs }: { project: string; runs: readonly RunSummary[] }) {
  const told = useQuery(comparisonQuery(project, runs));
  const looks = useQuery(projectQuery(project)).data;
  if (told.isPending) return <PageSkeleton />;
  if (told.isError) return <div className="section"><ProblemNote error={told.error} /></div>;
  const { data } = told;
  if (data.runs.length !== runs.length) return <PageSkeleton />;
  return (
    <div className="comparison">
      <ComparedTable project={project} runs={runs} told={data} />
      {data.maps.some((map) => map !== null) && <MapsPanel project={project} runs={runs} maps={data.maps} />}
      {(data.has_correlation || data.columns.length > 0) && (
        <div className="two-charts">
          {data.has_correlation && <CorrelationPanel project={project} runs={runs} />}
          <HistogramPanel project={project} runs={runs} columns={data.columns} />
        </div>
      )}
      <OverlapPanel project={project} runs={runs} sets={data.sets} mayAdd={looks !== undefined && !looks.read_only && looks.right !== "read"} />
      {data.classes.some(Boolean) && <WallsPanel project={project} runs={runs} shown={data.classes} />}
    </div>
  );
}
