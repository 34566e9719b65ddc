import { Link } from "react-router";
import type { SessionDocument } from "../api/types";
import { Numbers } from "../exposures/Numbers";
import { Status } from "../kit/Status";
import { lookOfVerdict } from "./verdicts";

/** What a session was begun with, and what the preflight says of that. */
export function SettingsTab({ session, project }: { session: SessionDocument; project: string }) {
  return (
    <div className="settings">
      <section className="panel" aria-labelledby="stated">
        <header><h2 id="stated">As stated when it began</h2></header>
        <Numbers rows={session.settings.map((one) => [one.label, { value: one.value, unit: one.unit }] as const)} />
      </section>
      <section className="panel" aria-labelledby="preflight">
        <header><h2 id="preflight" className="grow">Preflight</h2><Link className="sm" to={`/projects/${project}/preflight`}>With pictures</Link></header>
        {session.checks.length === 0 && <p className="dim">The first movies have not been checked against what was stated. Add a run of the preflight to the workflow to do that.</p>}
        <ul className="checks">
          {session.checks.map((check) => (
            <li key={check.name}>
              <span className="row"><b className="grow">{check.name.charAt(0).toUpperCase() + check.name.slice(1)}</b><Status look={lookOfVerdict(check.verdict)} /></span>
              <span className="sm dim">{check.sentence}</span>
              {(check.stated || check.measured) && <span className="sm faint">{[check.stated && `stated ${check.stated}`, check.measured && `measured ${check.measured}`].filter(Boolean).join(" · ")}</span>}
            </li>
          ))}
        </ul>
      </section>
    </div>
  );
}
