import { queryOptions, useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import { answered, api } from "../api/client";
import { runQuery } from "../api/queries";
import type { RowPage } from "../api/types";
import { PAGE } from "./rows";

/** Which rows are asked for, and in which order. */
export interface RowsAsked {
  project: string;
  run: string;
  output: string;
  filter: string;
  sort: string;
  descending: boolean;
}

/** One page of rows; it lies below its run, so that it is read anew when the run goes on. */
export const pageQuery = ({ project, run, output, filter, sort, descending }: RowsAsked, page: number) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "rows", output, { filter, sort, descending }, page],
    queryFn: () =>
      answered(
        api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/rows", {
          params: { path: { project, run, output }, query: { offset: page * PAGE, limit: PAGE, filter, sort, descending } },
        }),
      ),
    gcTime: 60_000,
  });

/** The pages that are in view, by number. */
export function usePages(asked: RowsAsked, wanted: readonly number[]): ReadonlyMap<number, RowPage> {
  const answers = useQueries({ queries: wanted.map((page) => pageQuery(asked, page)) });
  return useMemo(() => new Map(wanted.flatMap((page, at) => (answers[at]?.data ? [[page, answers[at].data] as const] : []))), [wanted, answers]);
}
