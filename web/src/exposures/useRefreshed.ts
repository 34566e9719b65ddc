import { useQueryClient, type QueryKey } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { Refreshing } from "../api/refreshing";
import type { RunSummary } from "../api/types";

const AT_MOST = 1500; // ms between two answers to the same question

/** Reads an answer anew when one of some runs has gone on, one question at a time and not too often. */
export function useRefreshed(key: QueryKey, runs: readonly string[], all: readonly RunSummary[] | undefined): void {
  const client = useQueryClient();
  const told = (all ?? []).filter((run) => runs.includes(run.ulid)).map(pulseOf).join(" ");
  const name = JSON.stringify(key);
  const before = useRef({ name: "", told: "" });
  const refreshing = useRef<Refreshing | null>(null);
  useEffect(() => {
    refreshing.current ??= new Refreshing(async (asked) => {
      await client.invalidateQueries({ queryKey: JSON.parse(asked) as QueryKey });
      await new Promise((resolve) => setTimeout(resolve, AT_MOST));
    });
    const known = before.current;
    before.current = { name, told };
    if (known.name === name && known.told !== "" && known.told !== told) void refreshing.current.ask(name);
  }, [client, name, told]);
}

/** What changes when a run goes on. */
export function pulseOf({ ulid, state, attempt, progress }: RunSummary): string {
  return JSON.stringify([ulid, state, attempt, progress.outputs, progress.failed, progress.excluded]);
}
