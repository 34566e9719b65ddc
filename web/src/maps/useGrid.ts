import { queryOptions, useQuery } from "@tanstack/react-query";
import type { MapEntry, WhichMap } from "../api/types";
import { fileAddress } from "./addresses";
import type { Grid } from "./grid";
import { readGrid } from "./reading";

const KEPT = 60_000; // ms that a map which is not shown any more is kept in memory

/** A file of a map, read once for everything that shows it; null: it is not asked for. */
export function useGrid(project: string, entry: MapEntry, which: WhichMap | null) {
  return useQuery({ ...gridQuery(project, entry, which ?? "map"), enabled: which !== null });
}

/** It does not lie below its run in the cache: a large file is not read again at every event, only if another one is named. */
const gridQuery = (project: string, entry: MapEntry, which: WhichMap) =>
  queryOptions({
    queryKey: ["file", project, entry.run, entry.output, entry.item, entry.file, which],
    queryFn: ({ signal }): Promise<Grid> => readGrid(fileAddress(project, entry, which), signal),
    gcTime: KEPT,
    structuralSharing: false,
  });
