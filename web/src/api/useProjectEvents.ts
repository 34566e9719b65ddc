import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followed, identified, withEvent, type RunEvent } from "./events";
import { runQuery, runsQuery } from "./queries";
import { Refreshing } from "./refreshing";
import { followStream } from "./stream";
import type { RunSummary } from "./types";

export type LiveState = "connecting" | "live" | "reconnecting";

const GATHERED = 100; // ms in which events are gathered before the page is drawn anew

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
  const list = runsQuery(project).queryKey;
  const details = new Refreshing((run) => client.invalidateQueries({ queryKey: runQuery(project, run).queryKey }));
  let waiting: RunEvent[] = [];
  let gathering: ReturnType<typeof setTimeout> | undefined;

  const write = () => {
    gathering = undefined;
    const events = waiting;
    waiting = [];
    client.setQueryData(list, (known) => known && events.reduce(withEvent, known));
    for (const ulid of new Set(events.map((event) => event.run?.ulid))) {
      if (ulid) void details.ask(ulid);
    }
  };
  const take = (event: RunEvent) => {
    memory.add(event);
    waiting.push(event);
    gathering ??= setTimeout(write, GATHERED);
  };
  const leave = followStream(() => `/api/projects/${project}/events?after=${encodeURIComponent(client.getQueryData(list)?.event ?? "")}`, {
    on: {
      run: (message) => take({ id: message.lastEventId, run: identified(JSON.parse(message.data) as RunSummary) }),
      gone: (message) => take({ id: message.lastEventId, gone: (JSON.parse(message.data) as { ulid: string }).ulid }),
      alarms: () => void client.invalidateQueries({ queryKey: ["project", project, "alarms"] }),
      reset: () => {
        memory.clear();
        void client.invalidateQueries({ queryKey: ["project", project] });
      },
    },
    opened: () => {
      tell("live");
      void client.refetchQueries({ type: "active", predicate: (query) => query.state.status === "error" });
    },
    interrupted: () => tell("reconnecting"),
    refused: () => void client.invalidateQueries({ queryKey: list }),
  });
  return () => {
    clearTimeout(gathering);
    leave();
    tell("connecting");
  };
}
