import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { measureStorage } from "../api/acts";
import type { ProjectStorage } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { ago, bytes } from "../kit/format";
import { Empty } from "../kit/Empty";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { Quantity } from "../kit/Quantity";
import { useNow } from "../kit/useNow";
import { DiskLine } from "./DiskLine";
import { allStorageQuery, useStorageEvents } from "./useStorage";
import { taskWords } from "./words";
import "../projects/projects.css";
import "./storage.css";

/** What every project takes, and could give back. */
export function AllStoragePage() {
  useStorageEvents();
  const all = useQuery(allStorageQuery);
  const measuring = useMutation({ mutationFn: (projects: string[]) => Promise.all(projects.map((project) => measureStorage(project))) });
  if (all.isPending) return <PageSkeleton />;
  const projects = all.data?.projects.toSorted((a, b) => (b.bytes ?? -1) - (a.bytes ?? -1)) ?? [];
  const own = projects.filter((one) => one.read_only === "");
  return (
    <main className="page scroll" id="page">
      <div className="pagehead">
        <h1>Storage of all projects</h1>
        <span className="grow" />
        {own.length > 0 && <Button leftSection={<Icon name="retry" />} loading={measuring.isPending} onClick={() => measuring.mutate(own.map((one) => one.project))}>Measure all</Button>}
      </div>
      <div className="projects">
        {all.isError && <ProblemNote error={all.error} />}
        {measuring.isError && <ProblemNote error={measuring.error} />}
        {all.data && <DiskLine disk={all.data.disk} seconds={all.data.seconds_to_full} />}
        {projects.length > 0 ? <ProjectsTable projects={projects} /> : all.data && <Empty title="There are no projects yet"><p>What they take on the disk is told here. <Link to="/">Make or open one</Link>.</p></Empty>}
      </div>
    </main>
  );
}

function ProjectsTable({ projects }: { projects: readonly ProjectStorage[] }) {
  const now = useNow();
  return (
    <section className="panel" aria-label="Projects">
      <table className="sheet roomy">
        <thead>
          <tr><th scope="col">Project</th><th scope="col" className="r">Takes</th><th scope="col" className="r">Can go</th><th scope="col" className="r">Trash</th><th scope="col" className="r">Raw data, elsewhere</th><th scope="col">Measured</th></tr>
        </thead>
        <tbody>
          {projects.map((one) => (
            <tr key={one.project}>
              <td><Link to={`/projects/${one.project}/storage`}>{one.name}</Link></td>
              {[one.bytes, one.frees, one.trash_bytes, one.raw_bytes].map((value, at) => <td key={at} className="r">{value === null ? <span className="faint">–</span> : <Quantity {...bytes(value)} />}</td>)}
              <td className="dim">{one.task ? taskWords(one.task) : one.problem || (one.measured ? ago(Date.parse(one.measured), now) : "not yet")}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
