import type { RunSummary } from "../api/types";
import { count, duration } from "../kit/format";
import { kindWordsOf } from "../kit/kinds";
import { isActive } from "../kit/status";

/** What a card says of a run: a number that matters, what it counts, and a second line. */
export interface Result {
  main: string;
  noun: string;
  more: string;
}

/** One look at what a run has made so far. */
export function resultOf(run: RunSummary): Result {
  if (run.problem) return { main: "", noun: "cannot be read", more: run.problem };
  if (run.state === "draft") return { main: "", noun: "not started", more: run.replaces ? "replaces another run" : "" };
  const { progress } = run;
  const [output] = Object.entries(progress.outputs);
  const more = [partOf(run), progress.failed > 0 ? `${count(progress.failed)} failed` : "", progress.excluded > 0 ? `${count(progress.excluded)} left out` : ""];
  const said = progress.message || run.reason;
  return {
    main: output ? count(output[1]) : count(progress.done),
    noun: output ? kindWordsOf(output[0], output[1]) : "done",
    more: more.filter(Boolean).join(" · ") || said,
  };
}

/** The same in one line, with what the run says of itself. */
export function resultLine(run: RunSummary): string {
  const { main, noun, more } = resultOf(run);
  return [`${main} ${noun}`.trim(), more, more === run.progress.message ? "" : run.progress.message].filter(Boolean).join(" · ");
}

function partOf(run: RunSummary): string {
  const { done, total } = run.progress;
  if (total <= done || run.state === "finished") return "";
  return `${count(done)} of ${count(total)} done`;
}

/** How far along a run is, from 0 to 1. */
export function fractionOf(run: RunSummary): number {
  if (run.state === "finished") return 1;
  const { done, failed, excluded, total } = run.progress;
  return total > 0 ? Math.min(1, (done + failed + excluded) / total) : 0;
}

/** What stands beside the bar: time left or pace while it runs, else how long it took. */
export function paceOf(run: RunSummary): string {
  const { seconds_left: left, items_per_hour: pace } = run.progress;
  if (isActive(run.state)) {
    if (left !== null) return `${duration(left)} left`;
    return pace === null ? "" : `${count(pace)}/h`;
  }
  return run.seconds === null ? "" : duration(run.seconds);
}
