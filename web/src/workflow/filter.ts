import type { RunState, RunSummary } from "../api/types";
import { lookOf } from "../kit/status";
import { runName } from "./names";

/** What is looked for among runs. */
export interface Search {
  text: string;
  state: RunState | null;
  tag: string;
}

/** The runs in which every word is found, and that are in the state and carry the label that is asked for. */
export function matching(runs: readonly RunSummary[], search: Search): RunSummary[] {
  const words = search.text.toLowerCase().split(/\s+/).filter(Boolean);
  return runs.filter(
    (run) =>
      (search.state === null || run.state === search.state) &&
      (!search.tag || run.tags.includes(search.tag)) &&
      words.every((word) => haystack(run).includes(word)),
  );
}

export function isSearching(search: Search): boolean {
  return search.text.trim() !== "" || search.state !== null || search.tag !== "";
}

/** How many runs are in each state. */
export function stateCounts(runs: readonly RunSummary[]): Map<RunState | null, number> {
  const counts = new Map<RunState | null, number>();
  for (const run of runs) counts.set(run.state, (counts.get(run.state) ?? 0) + 1);
  return counts;
}

/** Every label that is used, by name. */
export function tagsOf(runs: readonly RunSummary[]): string[] {
  return [...new Set(runs.flatMap((run) => run.tags))].sort((a, b) => a.localeCompare(b));
}

function haystack(run: RunSummary): string {
  return [run.number, runName(run), run.title, run.protocol, run.stage, lookOf(run.state).word, ...run.tags].join(" ").toLowerCase();
}
