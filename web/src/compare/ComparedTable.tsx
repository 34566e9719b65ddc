import { Switch } from "@mantine/core";
import { useState } from "react";
import type { ComparedRow, ComparisonDocument, RunSummary } from "../api/types";
import { RunHead } from "./RunHead";
import { runRows, shownRows } from "./rows";

/** What was asked of the runs and what they made: a column each, what differs set off. */
export function ComparedTable({ project, runs, told }: { project: string; runs: readonly RunSummary[]; told: ComparisonDocument }) {
  const [all, setAll] = useState(false);
  const parts: readonly (readonly [string, readonly ComparedRow[], boolean])[] = [
    ["Parameters", told.parameters, false],
    ["Inputs", told.inputs, true],
    ["Made", told.counts, true],
    ["Map", told.figures, true],
    ["Run", runRows(runs), true],
  ];
  const equal = told.parameters.filter((row) => !row.differs).length;
  return (
    <section className="panel" aria-labelledby="compared">
      <header>
        <h2 className="grow" id="compared">Side by side</h2>
        {equal > 0 && <Switch size="xs" label={`Also the ${equal} equal ${equal === 1 ? "parameter" : "parameters"}`} checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />}
      </header>
      <div className="compared" role="region" aria-label="Table of the runs" tabIndex={0}>
        <table className="sheet">
          <thead>
            <tr>
              <th scope="col">What</th>
              {runs.map((run, place) => <th key={run.ulid} scope="col"><RunHead project={project} run={run} place={place} /></th>)}
            </tr>
          </thead>
          {parts.map(([title, rows, always]) => <Part key={title} title={title} rows={shownRows(rows, all || always)} columns={runs.length} />)}
        </table>
      </div>
    </section>
  );
}

function Part({ title, rows, columns }: { title: string; rows: readonly ComparedRow[]; columns: number }) {
  if (rows.length === 0) return null;
  return (
    <tbody>
      <tr><th scope="rowgroup" colSpan={columns + 1}>{title}</th></tr>
      {rows.map((row) => (
        <tr key={row.name} className={row.differs ? "differs" : undefined}>
          <th scope="row">{row.label}{row.unit && <span className="u"> {row.unit}</span>}</th>
          {row.values.map((value, at) => <td key={at}>{value ?? <span className="faint">none</span>}</td>)}
        </tr>
      ))}
    </tbody>
  );
}
