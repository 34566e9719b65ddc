import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answered, api } from "../api/client";
import type { RunSummary } from "../api/types";

/** Below what a comparison is kept: it is read anew when one of its runs has gone on. */
function keyOf(project: string, runs: readonly RunSummary[]) {
  return ["project", project, "comparison", runs.map((run) => [run.ulid, run.label, run.state, run.progress.outputs])] as const;
}

const idsOf = (runs: readonly RunSummary[]) => runs.map((run) => run.ulid);

export const comparisonQuery = (project: string, runs: readonly RunSummary[]) =>
  queryOptions({
    queryKey: [...keyOf(project, runs), "document"],
    queryFn: () => answered(api.GET("/api/projects/{project}/comparison", { params: { path: { project }, query: { run: idsOf(runs) } } })),
    placeholderData: keepPreviousData,
  });

export const correlationsQuery = (project: string, runs: readonly RunSummary[]) =>
  queryOptions({
    queryKey: [...keyOf(project, runs), "correlation"],
    queryFn: () => answered(api.GET("/api/projects/{project}/comparison/correlation", { params: { path: { project }, query: { run: idsOf(runs) } } })),
  });

export const histogramQuery = (project: string, runs: readonly RunSummary[], kind: string, column: string) =>
  queryOptions({
    queryKey: [...keyOf(project, runs), "histogram", kind, column],
    queryFn: () => answered(api.GET("/api/projects/{project}/comparison/histogram", { params: { path: { project }, query: { run: idsOf(runs), kind, column } } })),
  });

export const overlapQuery = (project: string, runs: readonly RunSummary[], kind: string) =>
  queryOptions({
    queryKey: [...keyOf(project, runs), "overlap", kind],
    queryFn: () => answered(api.GET("/api/projects/{project}/comparison/overlap", { params: { path: { project }, query: { run: idsOf(runs), kind } } })),
  });
