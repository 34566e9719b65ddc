import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followed, identified, withEvent, type RunEvent } from "./events";
import { runQuery, runsQuery } from "./queries";
import { Refreshing } from "./refreshing";
import type { RunSummary } from "./types";

export type LiveState = "connecting" | "live" | "reconnecting";

const GATHERED = 100; // ms in which events are gathered before the page is drawn anew
const TRIED_AGAIN = 3000; // ms, when the browser has given up by itself

/** Follows a project from its list of runs on, and writes what happens into the answers that pages read. */
export function useProjectEvents(project: string | undefined, from: string | undefined): LiveState {
  const client = useQueryClient();
  const [state, setState] = useState<LiveState>("connecting");
  const ready = from !== undefined;
  useEffect(() => {
    if (!project || !ready) return;
    return follow(project, client, setState);
  }, [project, ready, client]);
  return state;
}

function follow(project: string, client: QueryClient, tell: (state: LiveState) => void): () => void {
  const memory = followed(project);
  const details = new Refreshing((run) => client.invalidateQueries({ queryKey: runQuery(project, run).queryKey }));
  let waiting: RunEvent[] = [];
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let source: EventSource;
  let retrying: ReturnType<typeof setTimeout> | undefined;

  const write = () => {
    gathering = undefined;
    const events = waiting;
    waiting = [];
    client.setQueryData(runsQuery(project).queryKey, (list) => list && events.reduce(withEvent, list));
    for (const ulid of new Set(events.map((event) => event.run?.ulid))) {
      if (ulid) void details.ask(ulid);
    }
  };
  const take = (event: RunEvent) => {
    memory.add(event);
    waiting.push(event);
    gathering ??= setTimeout(write, GATHERED);
  };
  const connect = () => {
    const after = client.getQueryData(runsQuery(project).queryKey)?.event ?? "";
    source = new EventSource(`/api/projects/${project}/events?after=${encodeURIComponent(after)}`);
    source.onopen = () => {
      tell("live");
      void client.refetchQueries({ type: "active", predicate: (query) => query.state.status === "error" });
    };
    source.onerror = () => {
      tell("reconnecting");
      if (source.readyState !== EventSource.CLOSED) return;
      void client.invalidateQueries({ queryKey: runsQuery(project).queryKey });
      retrying = setTimeout(connect, TRIED_AGAIN);
    };
    source.addEventListener("run", (message: MessageEvent<string>) => take({ id: message.lastEventId, run: identified(JSON.parse(message.data) as RunSummary) }));
    source.addEventListener("gone", (message: MessageEvent<string>) => take({ id: message.lastEventId, gone: (JSON.parse(message.data) as { ulid: string }).ulid }));
    source.addEventListener("alarms", () => void client.invalidateQueries({ queryKey: ["project", project, "alarms"] }));
    source.addEventListener("reset", () => {
      memory.clear();
      void client.invalidateQueries({ queryKey: ["project", project] });
    });
  };
  connect();
  return () => {
    clearTimeout(gathering);
    clearTimeout(retrying);
    source.close();
    tell("connecting");
  };
}
