import { useMemo } from "react";
import { Link } from "react-router";
import type { ProjectSummary } from "../api/types";
import { ago, bytes, count, counted } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { Status } from "../kit/Status";
import { isState, lookOf, STATES, UNREADABLE } from "../kit/status";
import { useNow } from "../kit/useNow";

/** The projects, those that were worked on last first. */
export function ProjectTable({ projects }: { projects: readonly ProjectSummary[] }) {
  const now = useNow();
  const latest = useMemo(() => projects.toSorted((a, b) => touched(b).localeCompare(touched(a))), [projects]);
  return (
    <section className="panel" aria-label="Projects">
      <table className="sheet roomy">
        <thead>
          <tr>
            <th scope="col">Project</th>
            <th scope="col">Runs</th>
            <th scope="col">Last activity</th>
            <th scope="col" className="r">Disk</th>
          </tr>
        </thead>
        <tbody>
          {latest.map((project) => (
            <tr key={project.ulid}>
              <td>
                <Link className="project-link" to={`/projects/${project.ulid}`}>{project.name}</Link>
                <span className="mono faint cut folder" title={project.folder}>{project.folder}</span>
                {project.owner && project.right !== "own" && <span className="faint sm folder">{project.owner}’s, shared with you</span>}
                {project.read_only && <span className="faint sm folder">{project.read_only}</span>}
              </td>
              <td><States project={project} /></td>
              <td>{project.last_activity ? ago(Date.parse(project.last_activity), now) : <span className="faint">nothing has run</span>}</td>
              <td className="r"><DiskUse project={project} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function States({ project }: { project: ProjectSummary }) {
  if (project.run_count === 0) return <span className="faint">no runs yet</span>;
  const states = Object.keys(project.states);
  return (
    <span className="states">
      {STATES.filter((state) => states.includes(state)).map((state) => <Status key={state} look={lookOf(state)} words={`${count(project.states[state] ?? 0)} ${lookOf(state).word.toLowerCase()}`} />)}
      {states.filter((state) => !isState(state)).map((state) => <Status key={state} look={UNREADABLE} words={`${count(project.states[state] ?? 0)} ${state}`} />)}
    </span>
  );
}

function DiskUse({ project }: { project: ProjectSummary }) {
  if (project.disk_measured === 0) return <span className="faint">not measured</span>;
  return (
    <span title={project.disk_measured < project.run_count ? `Measured for ${project.disk_measured} of ${counted(project.run_count, "runs")}` : undefined}>
      {project.disk_measured < project.run_count && <span className="faint">at least </span>}
      <Quantity {...bytes(project.disk_bytes)} />
    </span>
  );
}

function touched(project: ProjectSummary): string {
  return project.last_activity ?? project.created;
}
