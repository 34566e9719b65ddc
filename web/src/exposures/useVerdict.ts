import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { setVerdict } from "../api/acts";
import { projectQuery, runsQuery } from "../api/queries";
import type { ExposureVerdict } from "../api/types";
import type { SetPlace } from "./places";
import { verdictQuery, verdictsKey } from "./queries";
import { useRefreshed } from "./useRefreshed";
import { afterDecision, saidNext, type ByHand, type Said } from "./verdicts";

interface Asked {
  exposure: string;
  byHand: ByHand;
  known: ExposureVerdict;
}

/** Whether an exposure is kept, and how a person says so and takes it back. */
export function useVerdict(place: SetPlace, exposure: string) {
  const client = useQueryClient();
  const verdict = useQuery({ ...verdictQuery(place, exposure), staleTime: 0 });
  const runs = useQuery(runsQuery(place.project)).data?.runs;
  const mayDecide = useQuery(projectQuery(place.project)).data?.read_only === "";
  useRefreshed(verdictsKey(place), verdict.data?.run ? [verdict.data.run] : [], runs);
  const [said, setSaid] = useState<readonly Said[]>([]);
  const deciding = useMutation({
    mutationFn: ({ exposure: item, byHand, known }: Asked) => setVerdict(place, item, { by_hand: byHand, last_decision: known.decision }),
    onSuccess: (answer, { exposure: item, known }) => {
      client.setQueriesData<ExposureVerdict>({ queryKey: verdictsKey(place) }, (other) => afterDecision(other, known.decision, answer));
      client.setQueryData(verdictQuery(place, item).queryKey, answer);
    },
    onError: () => void client.invalidateQueries({ queryKey: verdictsKey(place) }),
  });
  const say = (asked: "keep" | "leave_out") => {
    const known = verdict.data;
    if (!mayDecide || !known || deciding.isPending) return;
    deciding.mutate(
      { exposure, byHand: saidNext(known.by_hand, asked), known },
      { onSuccess: () => setSaid((before) => [...before, { exposure, before: known.by_hand }]) },
    );
  };
  const last = said.at(-1);
  /** Takes the last one back; returns of which exposure it was. */
  const undo = () => {
    const known = last && client.getQueryData(verdictQuery(place, last.exposure).queryKey);
    if (!known || deciding.isPending) return null;
    deciding.mutate({ exposure: last.exposure, byHand: last.before, known }, { onSuccess: () => setSaid((before) => before.slice(0, -1)) });
    return last.exposure;
  };
  return { verdict: verdict.data, error: deciding.error ?? verdict.error, isDeciding: deciding.isPending, mayDecide, say, undo, canUndo: last !== undefined };
}
