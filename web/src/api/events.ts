import type { RunList, RunSummary } from "./types";

/** What a stream tells: a run was added or has changed, or is gone. */
export interface RunEvent {
  id: string;
  run?: RunSummary;
  gone?: string;
}

/** A run with an identity: one whose records cannot be read goes by its number. */
export function identified(run: RunSummary): RunSummary {
  return run.ulid ? run : { ...run, ulid: String(run.number) };
}

/** Whether a run has an identity of its own, by which the server can be asked about it. */
export function isIdentified(run: RunSummary): boolean {
  return run.ulid !== String(run.number);
}

/** A list with an event in it; the same list if it knows of the event already. */
export function withEvent(list: RunList, event: RunEvent): RunList {
  if (isKnown(list.event, event.id)) return list;
  const runs = event.run ? withRun(list.runs, event.run) : list.runs.filter((run) => run.ulid !== event.gone);
  return { event: event.id, runs };
}

/** Runs with one of them added or changed, by number. */
export function withRun(runs: readonly RunSummary[], run: RunSummary): RunSummary[] {
  const place = runs.findIndex((one) => one.ulid === run.ulid);
  return place < 0 ? [...runs, run].sort((a, b) => a.number - b.number) : runs.with(place, run);
}

/** Whether a list that was made after the event `known` has the event `id` in it; other epochs are never known. */
function isKnown(known: string, id: string): boolean {
  const [knownEpoch, knownNumber] = parts(known);
  const [epoch, number] = parts(id);
  return epoch === knownEpoch && number <= knownNumber;
}

function parts(id: string): [string, number] {
  const at = id.lastIndexOf(":");
  return [id.slice(0, at), Number(id.slice(at + 1))];
}

const KEPT = 1000;

/** The last events of a project: a list that was asked for before they came takes them in when it arrives. */
export class EventMemory {
  private events: RunEvent[] = [];

  add(event: RunEvent): void {
    this.events.push(event);
    if (this.events.length > KEPT) this.events.shift();
  }

  clear(): void {
    this.events = [];
  }

  /** A list as it is after the events that came while it was under way; of another epoch they say nothing of it. */
  replayed(list: RunList): RunList {
    const [epoch] = parts(list.event);
    return this.events.filter((event) => parts(event.id)[0] === epoch).reduce(withEvent, list);
  }
}

const memories = new Map<string, EventMemory>();

/** What is remembered of the events of a project. */
export function followed(project: string): EventMemory {
  const memory = memories.get(project) ?? new EventMemory();
  memories.set(project, memory);
  return memory;
}
