import { Button } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "react-router";
import type { AlarmDocument, AlarmsDocument } from "../api/types";
import { clock } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { useNow } from "../kit/useNow";
import { acknowledgeAlarm, alarmsQuery, loud, snoozeAlarm } from "./alarms";

const SNOOZED = 15; // min

/** What people do about the alarms of a project. */
export function useAlarmActs(project: string) {
  const client = useQueryClient();
  const key = alarmsQuery(project).queryKey;
  return useMutation({
    mutationFn: (act: () => Promise<AlarmsDocument>) => act(),
    onSuccess: (answer) => client.setQueryData(key, answer),
    onError: () => void client.invalidateQueries({ queryKey: key }),
  });
}

/** Alarms that are up and that nobody has seen yet, above everything else. */
export function AlarmLines({ project }: { project: string }) {
  const told = useQuery({ ...alarmsQuery(project), staleTime: 0 }).data;
  const acts = useAlarmActs(project);
  const now = useNow();
  const shown = loud(told?.alarms ?? [], now);
  return (
    <div role="status" aria-label="Alarms">
      {shown.map((alarm) => <AlarmLine key={alarm.alarm} project={project} alarm={alarm} acts={acts} />)}
      {acts.isError && <div className="section"><ProblemNote error={acts.error} /></div>}
    </div>
  );
}

function AlarmLine({ project, alarm, acts }: { project: string; alarm: AlarmDocument; acts: ReturnType<typeof useAlarmActs> }) {
  return (
    <div className="alarm tone-attn">
      <Icon name="triangle" />
      <span className="words"><b>Attention: {alarm.run ? <Link to={`/projects/${project}?run=${alarm.run}`}>{alarm.title}</Link> : alarm.title}</b> <span className="dim">{alarm.sentence} Since {clock(alarm.since, false)}.</span></span>
      <span className="grow" />
      <Button size="xs" disabled={acts.isPending} aria-label={`Acknowledge: ${alarm.title}`} onClick={() => acts.mutate(() => acknowledgeAlarm(project, alarm.alarm))}>Acknowledge</Button>
      <Button size="xs" disabled={acts.isPending} aria-label={`Snooze 15 min: ${alarm.title}`} onClick={() => acts.mutate(() => snoozeAlarm(project, alarm.alarm, SNOOZED))}>Snooze {SNOOZED} min</Button>
    </div>
  );
}
