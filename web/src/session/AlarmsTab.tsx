import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import type { AlarmDocument, AlarmsDocument } from "../api/types";
import { clock, counted, dayAndClock } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import type { Look } from "../kit/status";
import { useNow } from "../kit/useNow";
import { useAlarmActs } from "./AlarmLines";
import { acknowledgeAlarm, alarmsQuery, snoozeAlarm } from "./alarms";

const UP: Look = { tone: "attn", icon: "triangle", word: "Up" };
const OVER: Look = { tone: "ok", icon: "check", word: "Over" };
const HAPPENINGS: Readonly<Record<string, Look | undefined>> = {
  entered: UP,
  still: { tone: "attn", icon: "triangle", word: "Still up" },
  cleared: OVER,
  notice: { tone: "idle", icon: "minus", word: "Told" },
};

/** What is wrong and what was, what people were told, and by which ways. */
export function AlarmsTab({ project }: { project: string }) {
  const read = useQuery({ ...alarmsQuery(project), staleTime: 0 });
  const acts = useAlarmActs(project);
  if (read.isError) return <div className="section"><ProblemNote error={read.error} /></div>;
  if (!read.data) return <div className="section"><Skeleton height={160} /></div>;
  const told = read.data;
  return (
    <div className="settings">
      <section className="panel" aria-labelledby="alarms-now">
        <header><h2 id="alarms-now">Alarms</h2></header>
        {told.trouble && <p className="dim">{told.trouble}</p>}
        {!told.watching && <p className="dim">This server does not look by itself, so no alarm comes up.</p>}
        {told.alarms.length === 0 && <p className="dim">Nothing has been wrong. An alarm comes up when no movie comes, when fits, drift, astigmatism or ice of the newest exposures are bad, when the gain reference does not fit, when the disk fills, and when a run fails or needs you.</p>}
        <ul className="checks">{told.alarms.map((alarm) => <AlarmRow key={alarm.alarm} project={project} alarm={alarm} acts={acts} />)}</ul>
        {acts.isError && <ProblemNote error={acts.error} />}
      </section>
      <div className="stack">
        <Ways told={told} />
        <section className="panel" aria-labelledby="alarms-past">
          <header><h2 id="alarms-past">What people were told</h2></header>
          {told.past.length === 0 && <p className="dim">Nothing yet.</p>}
          <ul className="checks">
            {told.past.map((news) => (
              <li key={news.id}>
                <span className="row"><b className="grow">{news.title}</b><Status look={HAPPENINGS[news.happening] ?? UP} /></span>
                <span className="sm dim">{news.sentence}</span>
                <span className="sm faint">{dayAndClock(news.at)}</span>
              </li>
            ))}
          </ul>
        </section>
      </div>
    </div>
  );
}

function AlarmRow({ project, alarm, acts }: { project: string; alarm: AlarmDocument; acts: ReturnType<typeof useAlarmActs> }) {
  const snoozed = useNow() / 1000 < alarm.snoozed_until;
  return (
    <li>
      <span className="row"><b className="grow">{alarm.run ? <Link to={`/projects/${project}?run=${alarm.run}`}>{alarm.title}</Link> : alarm.title}</b><Status look={alarm.on ? UP : OVER} words={`${alarm.on ? "Up" : "Over"} since ${clock(alarm.since, false)}`} /></span>
      <span className="sm dim">{alarm.sentence}</span>
      {alarm.acknowledged_by && <span className="sm faint">Acknowledged by {alarm.acknowledged_by}, {clock(alarm.acknowledged_at, false)}</span>}
      {snoozed && <span className="sm faint">Snoozed by {alarm.snoozed_by} until {clock(alarm.snoozed_until, false)}</span>}
      <span className="row">
        {alarm.on && !alarm.acknowledged_by && <Button size="xs" disabled={acts.isPending} aria-label={`Acknowledge: ${alarm.title}`} onClick={() => acts.mutate(() => acknowledgeAlarm(project, alarm.alarm))}>Acknowledge</Button>}
        {snoozed ? <Button size="xs" disabled={acts.isPending} aria-label={`Tell again: ${alarm.title}`} onClick={() => acts.mutate(() => snoozeAlarm(project, alarm.alarm, 0))}>Tell again</Button> : [15, 60, 480].map((minutes) => (
          <Button key={minutes} size="xs" disabled={acts.isPending} aria-label={`Snooze ${inWords(minutes)}: ${alarm.title}`} onClick={() => acts.mutate(() => snoozeAlarm(project, alarm.alarm, minutes))}>Snooze {inWords(minutes)}</Button>
        ))}
      </span>
    </li>
  );
}

const inWords = (minutes: number) => (minutes < 60 ? `${minutes} min` : `${minutes / 60} h`);

function Ways({ told }: { told: AlarmsDocument }) {
  return (
    <section className="panel" aria-labelledby="alarms-ways">
      <header><h2 id="alarms-ways">Told by</h2></header>
      {told.channels.length === 0 && <p className="dim">This page only. Mail and webhooks are set in the settings file of the server.</p>}
      <ul className="checks">
        {told.channels.map((one) => (
          <li key={one.name}>
            <span className="row"><b className="grow">{one.name.charAt(0).toUpperCase() + one.name.slice(1)}</b><Status look={one.trouble ? { tone: "attn", icon: "triangle", word: "Waits" } : OVER} words={one.trouble ? counted(one.waiting, "messages") : "Works"} /></span>
            {one.trouble && <span className="sm dim">{one.trouble} It is tried again.</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}
