import { createColumnHelper, createSortedRowModel, rowSortingFeature, sortFn_alphanumeric, sortFn_basic, tableFeatures } from "@tanstack/react-table";
import type { RunSummary } from "../api/types";
import { ago, bytes, count } from "../kit/format";
import { Icon } from "../kit/Icon";
import { Quantity } from "../kit/Quantity";
import { Status } from "../kit/Status";
import { isActive, lookOf, STATES } from "../kit/status";
import { runName } from "./names";
import { fractionOf, paceOf, resultLine } from "./result";
import { compareStages, stageIcon } from "./stages";

export const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  sortFns: { basic: sortFn_basic, alphanumeric: sortFn_alphanumeric },
});

/** Width in px of each column; the one without takes what is left. */
export const WIDTHS: Readonly<Record<string, number | undefined>> = { number: 56, name: 184, state: 140, progress: 72, failed: 68, started: 92, seconds: 100, disk_bytes: 84 };

/** Columns that go where there is little room. */
export const MINOR: ReadonlySet<string> = new Set(["failed", "disk_bytes"]);

export const RIGHT: ReadonlySet<string> = new Set(["number", "failed", "seconds", "disk_bytes"]);

const helper = createColumnHelper<typeof features, RunSummary>();

/** The columns of the table of runs; `now` in milliseconds. */
export const runColumns = (now: number) =>
  helper.columns([
    helper.accessor("number", { header: "No.", sortFn: "basic" }),
    helper.accessor((run) => runName(run), {
      id: "name",
      header: "Run",
      sortFn: (a, b) => compareStages(a.original.stage, b.original.stage) || runName(a.original).localeCompare(runName(b.original)),
      cell: ({ row: { original: run } }) => (
        <span className="row">
          <Icon name={stageIcon(run.stage)} />
          <span className="cut b">{runName(run)}</span>
          {run.tags.length > 0 && <span className="tags cut"><Icon name="tag" />{run.tags.join(", ")}</span>}
        </span>
      ),
    }),
    helper.accessor((run) => (run.state === null ? -1 : STATES.indexOf(run.state)), { id: "state", header: "State", sortFn: "basic", cell: ({ row }) => <Status look={lookOf(row.original.state)} /> }),
    helper.accessor((run) => resultLine(run), { id: "result", header: "Result", sortFn: "alphanumeric", cell: (cell) => <span title={cell.getValue()}>{cell.getValue()}</span> }),
    helper.accessor((run) => fractionOf(run), { id: "progress", header: "Progress", sortFn: "basic", cell: ({ row }) => <Progress run={row.original} /> }),
    helper.accessor((run) => run.progress.failed, { id: "failed", header: "Failed", sortFn: "basic", cell: (cell) => (cell.getValue() > 0 ? count(cell.getValue()) : <Nothing />) }),
    helper.accessor((run) => run.started ?? "", { id: "started", header: "Started", sortFn: "basic", cell: (cell) => (cell.getValue() ? ago(Date.parse(cell.getValue()), now) : <Nothing />) }),
    helper.accessor((run) => run.seconds ?? -1, { id: "seconds", header: "Time", sortFn: "basic", cell: ({ row }) => paceOf(row.original) || <Nothing /> }),
    helper.accessor((run) => run.disk_bytes ?? -1, { id: "disk_bytes", header: "Disk", sortFn: "basic", cell: (cell) => (cell.getValue() >= 0 ? <Quantity {...bytes(cell.getValue())} /> : <Nothing />) }),
  ]);

function Progress({ run }: { run: RunSummary }) {
  if (run.state === "draft") return <Nothing />;
  return (
    <span className={`progress tone-${lookOf(run.state).tone}`}>
      <span className={isActive(run.state) || run.state === "finished" ? "bar" : "bar still"}><i style={{ width: `${100 * fractionOf(run)}%` }} /></span>
    </span>
  );
}

function Nothing() {
  return <span className="faint" aria-label="none">–</span>;
}
