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

const asking = ({ project, run, output, filter, sort, descending }: RowsAsked, page: number, generation: number | null) =>
  answered(
    api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/rows", {
      params: { path: { project, run, output }, query: { offset: page * PAGE, limit: PAGE, filter, sort, descending, ...(generation !== null && { generation }) } },
    }),
  );

/** One page of the newest rows; it lies below its run, so that it is read anew when the run goes on. */
export const pageQuery = (asked: RowsAsked, page: number) => {
  const { project, run, output, filter, sort, descending } = asked;
  return queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "rows", output, { filter, sort, descending }, page],
    queryFn: () => asking(asked, page, null),
    gcTime: 60_000,
  });
};

/** One page of rows of a generation, which never changes. */
export const keptPageQuery = (asked: RowsAsked, generation: number, page: number) => {
  const { project, run, output, filter, sort, descending } = asked;
  return queryOptions({
    queryKey: ["project", project, "kept rows", run, output, generation, { filter, sort, descending }, page],
    queryFn: () => asking(asked, page, generation),
    gcTime: 60_000,
  });
};

/** The pages that are in view, by number, all of one generation. */
export function usePages(asked: RowsAsked, generation: number, wanted: readonly number[]): ReadonlyMap<number, RowPage> {
  const answers = useQueries({ queries: wanted.map((page) => keptPageQuery(asked, generation, page)) });
  return useMemo(() => new Map(wanted.flatMap((page, at) => (answers[at]?.data ? [[page, answers[at].data] as const] : []))), [wanted, answers]);
}
