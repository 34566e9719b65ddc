import { Link } from "react-router";
import type { RunSummary } from "../api/types";
import { runName } from "../workflow/names";
import { styleAt } from "./styles";

/** A run by number and name, with the line that stands for it in every chart. */
export function RunHead({ project, run, place }: { project: string; run: RunSummary; place: number }) {
  const { colour, dash } = styleAt(place);
  return (
    <span className="runhead">
      <svg width="20" height="8" aria-hidden="true"><path d="M0 4h20" stroke={colour} strokeWidth="2" strokeDasharray={dash || undefined} /></svg>
      <Link className="cut" to={`/projects/${project}?run=${run.ulid}`} title={runName(run)}>{run.number} {runName(run)}</Link>
    </span>
  );
}
