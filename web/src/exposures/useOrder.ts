import { useMemo } from "react";
import type { ExposureTable } from "../api/types";
import { inOrder, type Sorting } from "./table";

/** Places of the exposures in an order, found anew only when either has changed. */
export function useOrder(table: ExposureTable | undefined, { by, descending }: Sorting): number[] {
  return useMemo(() => (table ? inOrder(table, { by, descending }) : []), [table, by, descending]);
}
