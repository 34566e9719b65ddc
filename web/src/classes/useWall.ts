import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { decide } from "../api/acts";
import { classesQuery, runQuery } from "../api/queries";
import type { ClassWall, RunSummary } from "../api/types";
import { AS_PROPOSED, decisionOf, isSame, isSameRound, savedChoice, type Choice } from "./choice";
import { beyond, Saving, type Save } from "./saving";

/** The round that is looked at, and what is chosen in it. A newer round waits until it is asked for. */
export function useWall(project: string, run: string, runs: readonly RunSummary[] | undefined) {
  const client = useQueryClient();
  const { data, error, isPending } = useQuery(classesQuery(project, run));
  const [held, setHeld] = useState<ClassWall | undefined>(undefined);
  const [own, setOwn] = useState<Choice | null>(null);
  if (data && (!held || (held !== data && isSameRound(held, data)))) setHeld(data);
  useFollowed(project, run, runs?.find((one) => one.ulid === held?.source.run));
  const saved = held ? savedChoice(data ?? held) : AS_PROPOSED;
  const [turns] = useState(() => new Saving());
  const saving = useMutation({
    mutationFn: ({ choice, generations, last }: Save) => decide(project, run, { decision: decisionOf(choice), generations, last_decision: last }),
    onSuccess: async (detail, { choice }) => {
      client.setQueryData(runQuery(project, run).queryKey, detail);
      await client.invalidateQueries({ queryKey: classesQuery(project, run).queryKey });
      setOwn((now) => beyond(now, choice));
    },
    onError: () => void client.invalidateQueries({ queryKey: classesQuery(project, run).queryKey }), // most likely there is a newer round, or decision
  });
  const choice = own ?? saved;
  const decided = (data ?? held)?.choice ?? null;
  const forgetFailure = () => saving.isError && saving.reset();
  return {
    wall: held,
    error,
    isPending,
    choice,
    decided,
    changed: !isSame(choice, saved),
    newer: data && held && !isSameRound(data, held) ? data : null,
    choose: (next: Choice) => {
      forgetFailure();
      setOwn(next);
    },
    lookAtNewer: () => {
      forgetFailure();
      setHeld(data);
    },
    save: () => {
      const asked = { choice, generations: held?.generations ?? {}, last: decided?.id ?? null };
      const sent = turns.ask(asked, async (save) => (await saving.mutateAsync(save)).last_decision);
      sent.catch(() => undefined); // it is told as `failure`
    },
    /** What is chosen is on its way; what is chosen beyond it can be saved meanwhile. */
    saving: saving.isPending && isSame(choice, saving.variables.choice),
    failure: saving.error,
  };
}

export type Wall = ReturnType<typeof useWall>;

/** Reads the classes anew when the run that makes them has gone on; the run that chooses among them may be at rest. */
function useFollowed(project: string, run: string, source: RunSummary | undefined): void {
  const client = useQueryClient();
  const known = useRef(source);
  useEffect(() => {
    const before = known.current;
    known.current = source;
    if (before && source && before !== source && source.ulid !== run) void client.invalidateQueries({ queryKey: classesQuery(project, run).queryKey });
  }, [client, project, run, source]);
}
