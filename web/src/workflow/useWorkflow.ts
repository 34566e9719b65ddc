import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { isState } from "../kit/status";
import type { Search } from "./filter";

export const VIEWS = ["graph", "table", "cards"] as const;
export type View = (typeof VIEWS)[number];

/** What the address says of the workflow page, so that a link shows the same again. */
export interface WorkflowAddress {
  view: View;
  run: string | null;
  tab: string;
  /** A protocol that is being added; empty: the list of them; null: none. */
  add: string | null;
  /** The run that what is added follows, and from which values are taken. */
  from: string | null;
  search: Search;
}

export type Change = Partial<Record<"view" | "run" | "tab" | "add" | "from" | "q" | "state" | "tag", string | null>>;

/** What the address says, and a way to change some of it. */
export function useWorkflow(): [WorkflowAddress, (change: Change) => void] {
  const [params, setParams] = useSearchParams();
  const address = useMemo(() => read(params), [params]);
  const change = useCallback(
    (changes: Change) =>
      setParams(
        (former) => {
          const next = new URLSearchParams(former);
          for (const [name, value] of Object.entries(changes)) {
            if (value === null) next.delete(name);
            else next.set(name, value);
          }
          return next;
        },
        { replace: true },
      ),
    [setParams],
  );
  return [address, change];
}

function read(params: URLSearchParams): WorkflowAddress {
  const view = params.get("view");
  const state = params.get("state") ?? "";
  return {
    view: VIEWS.find((one) => one === view) ?? "graph",
    run: params.get("run"),
    tab: params.get("tab") ?? "parameters",
    add: params.get("add"),
    from: params.get("from"),
    search: { text: params.get("q") ?? "", state: isState(state) ? state : null, tag: params.get("tag") ?? "" },
  };
}
