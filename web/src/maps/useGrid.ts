import { queryOptions, useQuery } from "@tanstack/react-query";
import { ApiError, problemFrom } from "../api/problems";
import type { MapEntry, WhichMap } from "../api/types";
import { fileAddress } from "./addresses";
import type { Grid } from "./grid";
import { parseMrc } from "./mrc";

const KEPT = 60_000; // ms that a map which is not shown any more is kept in memory

/** A file of a map, read once for everything that shows it; null: it is not asked for. */
export function useGrid(project: string, entry: MapEntry, which: WhichMap | null) {
  return useQuery({ ...gridQuery(project, entry, which ?? "map"), enabled: which !== null });
}

/** It does not lie below its run in the cache: a large file is not read again at every event, only if another one is named. */
const gridQuery = (project: string, entry: MapEntry, which: WhichMap) =>
  queryOptions({
    queryKey: ["file", project, entry.run, entry.output, entry.item, entry.file, which],
    queryFn: ({ signal }): Promise<Grid> => read(fileAddress(project, entry, which), signal),
    gcTime: KEPT,
    structuralSharing: false,
  });

async function read(address: string, signal: AbortSignal): Promise<Grid> {
  const answer = await fetch(address, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new ApiError(answer.status, problemFrom(answer.status, await answer.json().catch(() => null)));
  const content = await answer.arrayBuffer();
  try {
    return parseMrc(content);
  } catch (error) {
    throw new ApiError(422, problemFrom(422, { message: error instanceof Error ? error.message : "The map cannot be shown." }));
  }
}
