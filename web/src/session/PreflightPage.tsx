import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "react-router";
import type { CheckDocument } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { ringsPictureAddress, thumbnailAddress } from "../exposures/places";
import { Numbers } from "../exposures/Numbers";
import { projectQuery, runsQuery } from "../api/queries";
import { Empty } from "../kit/Empty";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { lookOfVerdict } from "./verdicts";
import { useSession, type Session } from "./useSession";
import "../exposures/exposures.css";
import "./session.css";

const ORDER = ["stop", "look", "ok"];

/** What the first movies say of how a session was set up, before the night is spent on it. */
export function PreflightPage() {
  const { project = "" } = useParams();
  const session = useSession(project);
  const name = useQuery(projectQuery(project)).data?.name;
  const planned = useQuery(runsQuery(project)).data?.runs.some((run) => run.protocol === "preflight") ?? true;
  const { data: told, error, isPending } = session.session;
  if (isPending) return <PageSkeleton />;
  if (!told) return <main className="page" id="page"><div className="section"><ProblemNote error={error} /></div></main>;
  const checks = [...told.checks].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const [stop, look] = [checks.filter((one) => one.verdict === "stop").length, checks.filter((one) => one.verdict === "look").length];
  const words = stop > 0 ? "Stop and mend what is said below" : look > 0 ? "Look at what is said below" : "Ready";
  return (
    <main className="page scroll session" id="page">
      <div className="pagehead">
        <h1 className="cut">Preflight of {name}</h1>
        {checks.length > 0 && <Status look={lookOfVerdict(stop > 0 ? "stop" : look > 0 ? "look" : "ok")} words={words} />}
        <span className="grow" />
        <Button component={Link} to={`/projects/${project}/session`} variant={stop > 0 ? "default" : "filled"}>To the session</Button>
      </div>
      {checks.length === 0 && (
        <Empty title={!planned ? "No preflight belongs to this session" : told.counts.movies === 0 ? "No movie has come yet" : "The first movies are being looked at"}>
          {!planned ? <p>A run of the preflight compares the first movies with what was stated: gain reference, dose, pixel size and Thon rings. <Link to={`/projects/${project}?add=preflight`}>Add one</Link> to the workflow.</p> : <p>As soon as the first movies have come, they are compared with what was stated: gain reference, dose, pixel size and Thon rings. This page shows what is found; it can be left meanwhile.</p>}
        </Empty>
      )}
      <div className="preflight">
        {checks.map((check) => <CheckCard key={check.name} check={check} session={session} />)}
        <section className="panel" aria-labelledby="stated">
          <header><h2 id="stated">As stated</h2></header>
          <Numbers rows={told.settings.map((one) => [one.label, { value: one.value, unit: one.unit }] as const)} />
        </section>
      </div>
    </main>
  );
}

function CheckCard({ check, session }: { check: CheckDocument; session: Session }) {
  const title = check.name.charAt(0).toUpperCase() + check.name.slice(1);
  return (
    <section className="panel check" aria-label={title}>
      <header><h2 className="grow">{title}</h2><Status look={lookOfVerdict(check.verdict)} /></header>
      <p>{check.sentence}</p>
      <Numbers rows={[["Stated", { value: check.stated || "–", unit: "" }], ["Measured", { value: check.measured || "–", unit: "" }]]} />
      <Picture check={check.name} session={session} />
    </section>
  );
}

/** What a check is about, as the first exposure shows it; nothing while there is none. */
function Picture({ check, session }: { check: string; session: Session }) {
  const { table, place } = session;
  const first = table?.ids[0];
  if (!table || !first) return null;
  if (check === "Thon rings") return table.sets.ctfs ? <figure><img src={ringsPictureAddress(place, first)} alt="" /><figcaption className="sm faint">Power spectrum of {table.names[0]}</figcaption></figure> : null;
  if (!["gain", "gain pixels", "movies"].includes(check)) return null;
  return <figure><img src={thumbnailAddress(place, first, "micrograph")} alt="" /><figcaption className="sm faint">Aligned sum of {table.names[0]}</figcaption></figure>;
}
