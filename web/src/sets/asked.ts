import { useParams, useSearchParams } from "react-router";
import type { RowsAsked } from "./useRows";

export type Asking = (next: Partial<Pick<RowsAsked, "filter" | "sort" | "descending">>) => void;

/** Which rows the address asks for, and a way to ask for others. */
export function useAsked(): [RowsAsked, Asking] {
  const { project = "", run = "", output = "" } = useParams();
  const [params, setParams] = useSearchParams();
  const asked = { project, run, output, filter: params.get("filter") ?? "", sort: params.get("sort") ?? "", descending: params.has("descending") };
  const change: Asking = (next) => {
    const { filter, sort, descending } = { ...asked, ...next };
    setParams((present) => {
      const changed = new URLSearchParams(present);
      for (const [name, value] of Object.entries({ filter, sort, descending })) {
        if (value) changed.set(name, value === true ? "" : value);
        else changed.delete(name);
      }
      return changed;
    }, { replace: true });
  };
  return [asked, change];
}
