import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { setThresholds } from "../api/acts";
import { answered, api } from "../api/client";
import { runsQuery } from "../api/queries";
import { exposuresQuery } from "../exposures/queries";
import { columnsOf } from "../exposures/table";
import { useRefreshed } from "../exposures/useRefreshed";
import { conditionOf, rangesOf, verdictsOf, type Range, type Ranges } from "./thresholds";

export const sessionQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "session"],
    queryFn: () => answered(api.GET("/api/projects/{project}/session", { params: { path: { project } } })),
  });

/** A session as it goes on, its exposures, and the thresholds that a person is setting. */
export function useSession(project: string) {
  const client = useQueryClient();
  const runs = useQuery(runsQuery(project)).data?.runs;
  const session = useQuery({ ...sessionQuery(project), staleTime: 0 });
  const told = session.data;
  const place = { project, run: told?.exposures?.run ?? "", output: told?.exposures?.output ?? "" };
  const table = useQuery({ ...exposuresQuery(place), enabled: told?.exposures != null });
  useRefreshed(sessionQuery(project).queryKey, (runs ?? []).map((run) => run.ulid), runs);
  useRefreshed(exposuresQuery(place).queryKey, Object.values(table.data?.sets ?? {}).map((link) => link.run), runs);
  const [edited, setEdited] = useState<Ranges | null>(null);
  const measures = table.data?.measures ?? [];
  const columns = useMemo(() => (table.data ? columnsOf(table.data) : []), [table.data]);
  const saved = told?.thresholds ? rangesOf(told.thresholds.condition, measures) : {};
  const ranges = edited ?? saved ?? {};
  const keep = useMutation({
    mutationFn: () => setThresholds(project, { condition: conditionOf(ranges, measures), last_decision: told?.thresholds?.decision ?? null }),
    onSuccess: (answer) => {
      client.setQueryData(sessionQuery(project).queryKey, answer);
      setEdited(null);
    },
    onError: () => void client.invalidateQueries({ queryKey: sessionQuery(project).queryKey }),
  });
  return {
    session,
    table: table.data,
    tableError: table.error,
    place,
    columns,
    ranges,
    /** Whether somebody wrote a condition that handles cannot show. */
    byHand: saved === null && edited === null,
    changed: edited !== null,
    change: (name: string, range: Range) => setEdited({ ...ranges, [name]: range }),
    forget: () => setEdited(null),
    keep,
    verdicts: table.data ? verdictsOf(columns, saved === null && edited === null ? {} : ranges, table.data.count) : [],
  };
}

export type Session = ReturnType<typeof useSession>;
