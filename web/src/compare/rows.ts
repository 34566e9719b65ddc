import type { ComparedRow, RunSummary } from "../api/types";
import { bytes, duration } from "../kit/format";

/** Rows that differ, or all of them. */
export function shownRows(rows: readonly ComparedRow[], all: boolean): ComparedRow[] {
  return rows.filter((row) => all || row.differs);
}

/** What is known of the runs: how they stand, and what they took. */
export function runRows(runs: readonly RunSummary[]): ComparedRow[] {
  const size = (value: number) => Object.values(bytes(value)).join(" ");
  return [
    row("state", "State", runs.map((run) => run.state ?? "unreadable")),
    row("seconds", "Time", runs.map((run) => (run.seconds === null ? null : duration(run.seconds)))),
    row("disk", "Storage", runs.map((run) => (run.disk_bytes === null ? null : size(run.disk_bytes)))),
  ].filter((one) => one.values.some((value) => value !== null));
}

function row(name: string, label: string, values: (string | null)[]): ComparedRow {
  return { name, label, unit: "", values, differs: new Set(values).size > 1 };
}
