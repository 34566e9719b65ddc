import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { classesQuery } from "../api/queries";
import type { RunSummary } from "../api/types";
import { inOrder, savedChoice } from "../classes/choice";
import { ClassGrid } from "../classes/ClassGrid";
import { ProblemNote } from "../kit/ProblemNote";
import { RunHead } from "./RunHead";
import "../classes/classes.css";

/** The class averages of each run, most members first, beside each other. */
export function WallsPanel({ project, runs, shown }: { project: string; runs: readonly RunSummary[]; shown: readonly boolean[] }) {
  return (
    <section className="panel" aria-labelledby="walls">
      <header><h2 id="walls">Class averages</h2></header>
      <div className="beside-each-other">
        {runs.map((run, place) => shown[place] && (
          <div key={run.ulid} className="onewall">
            <p><RunHead project={project} run={run} place={place} /></p>
            <Wall project={project} run={run.ulid} />
          </div>
        ))}
      </div>
    </section>
  );
}

function Wall({ project, run }: { project: string; run: string }) {
  const wall = useQuery(classesQuery(project, run));
  if (wall.isPending) return <Skeleton height={200} />;
  if (wall.isError) return <ProblemNote error={wall.error} />;
  return <ClassGrid project={project} wall={wall.data} order={inOrder(wall.data.classes, "members")} choice={savedChoice(wall.data)} choose={null} />;
}
