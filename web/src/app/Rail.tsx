import { useQuery } from "@tanstack/react-query";
import { NavLink } from "react-router";
import { Icon } from "../kit/Icon";
import type { IconName } from "../kit/icons";
import { Loom } from "../kit/Loom";
import { meQuery } from "../people/queries";

/** Where one can go; what belongs to a project is shown only inside one. */
export function Rail({ project }: { project: string | undefined }) {
  const me = useQuery(meQuery).data;
  return (
    <nav className="rail" aria-label="Main">
      <NavLink to="/" className="brand" aria-label="cryoloom, all projects">
        <Loom />
      </NavLink>
      <Place to="/" end icon="folder" word="Projects" />
      {project && <Place to={`/projects/${project}/session`} icon="session" word="Session" />}
      {project && <Place to={`/projects/${project}`} end icon="workflow" word="Workflow" />}
      {project && <Place to={`/projects/${project}/sets`} icon="sets" word="Sets" />}
      <Place to={project ? `/projects/${project}/storage` : "/storage"} icon="disk" word="Storage" />
      {project && !me?.alone && <Place to={`/projects/${project}/people`} icon="people" word="People" />}
    </nav>
  );
}

function Place({ to, end = false, icon, word }: { to: string; end?: boolean; icon: IconName; word: string }) {
  return (
    <NavLink to={to} end={end}>
      <Icon name={icon} />
      {word}
    </NavLink>
  );
}
