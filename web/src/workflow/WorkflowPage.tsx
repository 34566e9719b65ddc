import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { useParams } from "react-router";
import { projectQuery, runsQuery } from "../api/queries";
import { PageSkeleton } from "../app/PageSkeleton";
import { Inspector } from "../inspector/Inspector";
import { ProblemNote } from "../kit/ProblemNote";
import { isSearching, matching } from "./filter";
import { EmptyWorkflow, NothingFound } from "./EmptyWorkflow";
import { RunCards } from "./RunCards";
import { RunTable } from "./RunTable";
import { SearchLine } from "./SearchLine";
import { useWorkflow } from "./useWorkflow";
import { WorkflowHead } from "./WorkflowHead";
import "./workflow.css";

const RunGraph = lazy(() => import("./graph/RunGraph"));

/** The runs of a project as a graph, a table or cards, and the one that is selected beside them. */
export function WorkflowPage() {
  const { project = "" } = useParams();
  const [address, change] = useWorkflow();
  const list = useQuery(runsQuery(project));
  const summary = useQuery(projectQuery(project)).data;
  const runs = list.data?.runs;
  const found = useMemo(() => matching(runs ?? [], address.search), [runs, address.search]);
  if (list.isPending) return <PageSkeleton />;
  if (!runs) {
    return <main className="page" id="page"><div style={{ padding: 16 }}><ProblemNote error={list.error} /></div></main>;
  }
  const select = (run: string) => change({ run, add: null, from: null });
  const searching = isSearching(address.search);
  return (
    <div className="beside">
      <main className="page" id="page">
        <WorkflowHead project={project} runs={runs} />
        {runs.length > 0 && <SearchLine runs={runs} found={found.length} />}
        {runs.length === 0 && <EmptyWorkflow readOnly={summary?.read_only ?? ""} />}
        {runs.length > 0 && found.length === 0 && address.view !== "graph" && <NothingFound />}
        {found.length > 0 && address.view === "table" && <RunTable runs={found} selected={address.run} select={select} />}
        {found.length > 0 && address.view === "cards" && <RunCards runs={found} selected={address.run} select={select} />}
        {runs.length > 0 && address.view === "graph" && (
          <Suspense fallback={<p className="waiting">Drawing the graph…</p>}>
            <RunGraph project={project} runs={runs} found={searching ? found : null} selected={address.run} select={select} />
          </Suspense>
        )}
      </main>
      <Inspector project={project} runs={runs} />
    </div>
  );
}
