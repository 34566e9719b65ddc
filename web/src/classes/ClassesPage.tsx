import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useParams } from "react-router";
import { projectQuery, runsQuery } from "../api/queries";
import type { RunSummary } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { count, counted } from "../kit/format";
import { Empty } from "../kit/Empty";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { lookOf } from "../kit/status";
import { runName } from "../workflow/names";
import { inOrder, type Order } from "./choice";
import { ChoiceLine } from "./ChoiceLine";
import { ClassGrid } from "./ClassGrid";
import { Continue } from "./Continue";
import { useWall, type Wall } from "./useWall";
import { WallBar } from "./WallBar";
import "./classes.css";

/** The class averages of a round, and the choice among them. */
export function ClassesPage() {
  const { project = "", run = "" } = useParams();
  return <ClassesOfRun key={`${project}/${run}`} project={project} run={run} />; // what is chosen in one run is not chosen in another
}

function ClassesOfRun({ project, run }: { project: string; run: string }) {
  const runs = useQuery(runsQuery(project)).data?.runs;
  const wall = useWall(project, run, runs);
  const looks = useQuery(projectQuery(project)).data?.right === "read";
  const made = runs?.find((one) => one.ulid === run);
  if (wall.isPending) return <PageSkeleton />;
  return (
    <div className="beside">
      <main className="page" id="page">
        <Head run={made} wall={wall} project={project} />
        {!wall.wall && <div className="section"><ProblemNote error={wall.error} /></div>}
        {wall.wall?.classes.length === 0 && <Empty title="There are no classes yet"><p>They come here when the first round of the classification has ended.</p></Empty>}
        {wall.wall && wall.wall.classes.length > 0 && <Classes project={project} wall={wall} shown={wall.wall} />}
      </main>
      {made && !looks && <Continue project={project} run={made} changed={wall.changed} />}
    </div>
  );
}

function Head({ project, run, wall }: { project: string; run: RunSummary | undefined; wall: Wall }) {
  const shown = wall.wall;
  return (
    <div className="pagehead">
      <h1 className="nw">{run ? runName(run) : "Classes"} {run && <Link className="faint" style={{ fontWeight: 400 }} to={`/projects/${project}?run=${run.ulid}`}>run {run.number}</Link>}</h1>
      {run && <Status look={lookOf(run.state)} />}
      <span className="grow" />
      {shown && (
        <span className="sm faint nw hide-narrow">
          classes of run {shown.source_number} · {count(shown.classes.length)} {shown.classes.length === 1 ? "class" : "classes"} · {counted(shown.particle_count, "particles")}{shown.closed ? "" : " · newer rounds may come"}
        </span>
      )}
    </div>
  );
}

function Classes({ project, wall, shown }: { project: string; wall: Wall; shown: NonNullable<Wall["wall"]> }) {
  const [order, setOrder] = useState<Order>("members");
  return (
    <>
      <WallBar wall={wall} shown={shown} order={order} setOrder={setOrder} />
      <ChoiceLine wall={wall} shown={shown} />
      <ClassGrid project={project} wall={shown} order={inOrder(shown.classes, order)} choice={wall.choice} choose={shown.only_shown ? null : wall.choose} />
      <div className="keys" aria-hidden="true">
        {!shown.only_shown && <span><kbd>Click</kbd><kbd>Space</kbd>keep or leave out</span>}
        <span><kbd>Arrows</kbd>from class to class</span>
        <span><kbd>Enter</kbd>show its members</span>
      </div>
    </>
  );
}
