import type { UseQueryResult } from "@tanstack/react-query";
import type { MapEntry } from "../api/types";
import type { Grid } from "./grid";
import { useGrid } from "./useGrid";
import type { Look } from "./useLook";

/** The maps that are looked at; each is read once, when it is first wanted. */
export interface Grids {
  shown: UseQueryResult<Grid>;
  mask: UseQueryResult<Grid>;
  local: UseQueryResult<Grid>;
}

export function useGrids(project: string, entry: MapEntry, look: Look): Grids {
  return {
    shown: useGrid(project, entry, look.shown),
    mask: useGrid(project, entry, look.mask ? "mask" : null),
    local: useGrid(project, entry, look.local ? "local_resolution" : null),
  };
}
