import { queryOptions } from "@tanstack/react-query";
import { answered, api } from "../api/client";
import type { AlarmDocument } from "../api/types";

/** The alarms of a project; they lie below it, so that they are read anew with it. */
export const alarmsQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "alarms"],
    queryFn: () => answered(api.GET("/api/projects/{project}/alarms", { params: { path: { project } } })),
  });

const place = (project: string, alarm: string) => ({ params: { path: { project, alarm } } });

export const acknowledgeAlarm = (project: string, alarm: string) => answered(api.POST("/api/projects/{project}/alarms/{alarm}/acknowledge", place(project, alarm)));

export const snoozeAlarm = (project: string, alarm: string, minutes: number) =>
  answered(api.PUT("/api/projects/{project}/alarms/{alarm}/snooze", { ...place(project, alarm), body: { minutes } }));

/** Those that are up and that nobody has put aside: they are shown above everything else. */
export function loud(alarms: readonly AlarmDocument[], now: number): AlarmDocument[] {
  return alarms.filter((one) => one.on && one.acknowledged_by === "" && one.snoozed_until <= now / 1000);
}

/** Those that are up. */
export function up(alarms: readonly AlarmDocument[]): AlarmDocument[] {
  return alarms.filter((one) => one.on);
}
