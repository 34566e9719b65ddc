import { useMutation, useQueryClient } from "@tanstack/react-query";
import { addRun } from "./acts";
import { withRun } from "./events";
import { runQuery, runsQuery } from "./queries";
import type { RunDetail } from "./types";

type NewRun = Parameters<typeof addRun>[1];

/** Adds a run as a draft; the lists know of it at once, before its event comes. */
export function useAddRun(project: string, added: (run: RunDetail) => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (run: NewRun) => addRun(project, run),
    onSuccess: (run) => {
      client.setQueryData(runQuery(project, run.ulid).queryKey, run);
      client.setQueryData(runsQuery(project).queryKey, (list) => list && { ...list, runs: withRun(list.runs, run) });
      added(run);
    },
  });
}
