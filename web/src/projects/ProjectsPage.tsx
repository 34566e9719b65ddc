import { Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { machineQuery, projectsQuery, unreadableQuery } from "../api/queries";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { FirstStart } from "./FirstStart";
import { MachineFacts } from "./MachineFacts";
import { NewProject } from "./NewProject";
import { ProjectTable } from "./ProjectTable";
import { UnreadableFolders } from "./UnreadableFolders";
import "./projects.css";

/** Every project of the folder that is served, and the machine. */
export function ProjectsPage() {
  const projects = useQuery(projectsQuery);
  const unreadable = useQuery(unreadableQuery);
  const machine = useQuery(machineQuery);
  const [naming, setNaming] = useState(false);
  const first = projects.data?.length === 0;
  return (
    <main className="page scroll" id="page">
      <div className="pagehead">
        <h1>Projects</h1>
        <span className="grow" />
        <Button component={Link} to="/sessions/new" leftSection={<Icon name="session" />}>Begin a session</Button>
        {!first && projects.data && (
          <Button variant="filled" leftSection={<Icon name="add" />} aria-expanded={naming} onClick={() => setNaming(!naming)}>New project</Button>
        )}
      </div>
      <div className="projects">
        {projects.isError && <ProblemNote error={projects.error} />}
        {projects.isPending && <Skeleton height={160} />}
        {naming && !first && <NewProject cancel={() => setNaming(false)} />}
        {first && <FirstStart folder={machine.data?.projects_folder} />}
        {projects.data && !first && <ProjectTable projects={projects.data} />}
        {unreadable.data && unreadable.data.length > 0 && <UnreadableFolders folders={unreadable.data} />}
        {machine.isError && !projects.isError && <ProblemNote error={machine.error} />}
        {machine.isPending && <Skeleton height={120} />}
        {machine.data && <MachineFacts machine={machine.data} />}
      </div>
    </main>
  );
}
