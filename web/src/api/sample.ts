import type { RunSummary } from "./types";

/** A run for tests. */
export function aRun(changes: Partial<RunSummary> = {}): RunSummary {
  return {
    ulid: "01M8KHGE902D5S0Z59S7WRJ1MZ",
    number: 1,
    protocol: "ctf",
    title: "Fit defocus and astigmatism to the Thon rings of each micrograph",
    label: "",
    tags: [],
    stage: "ctf",
    state: "running",
    reason: "",
    attempt: 1,
    progress: { done: 0, failed: 0, excluded: 0, in_flight: 0, total: 0, waiting: 0, warnings: 0, outputs: {}, items_per_hour: null, seconds_left: null, message: "" },
    inputs: {},
    replaces: null,
    created: "2026-11-29T11:37:08+00:00",
    started: "2026-11-29T11:37:44+00:00",
    ended: null,
    seconds: null,
    cleaned: [],
    disk_bytes: null,
    problem: "",
    picture: "",
    ...changes,
  };
}
