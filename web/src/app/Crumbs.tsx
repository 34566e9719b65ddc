import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useParams } from "react-router";
import { projectQuery, runsQuery } from "../api/queries";
import { runName } from "../workflow/names";

interface Crumb {
  words: string;
  to: string;
}

/** Pages that belong to no project. */
const APART: Record<string, string> = { "/account/tokens": "API tokens", "/microscopes": "Microscopes", "/sessions/new": "Begin a session", "/people": "People", "/storage": "Storage" };

/** Where one is. */
export function Crumbs() {
  const crumbs = useCrumbs();
  return (
    <nav className="crumbs" aria-label="Breadcrumb">
      <title>{`${crumbs.slice(-2).map((crumb) => crumb.words).join(" · ")} · cryoloom`}</title>
      <ol>
        {crumbs.map((crumb, at) => (
          <li key={crumb.to}>
            {at === crumbs.length - 1 ? <span className="cut" aria-current="page">{crumb.words}</span> : <Link className="cut" to={crumb.to}>{crumb.words}</Link>}
          </li>
        ))}
      </ol>
    </nav>
  );
}

const PAGES: Record<string, string> = { "/compare": "Compare", "/session": "Session", "/preflight": "Preflight", "/sets": "Sets", "/people": "People", "/storage": "Storage" };

function useCrumbs(): Crumb[] {
  const { project = "", run = "", output, exposure } = useParams();
  const { pathname } = useLocation();
  const name = useQuery({ ...projectQuery(project), enabled: project !== "" }).data?.name;
  const runs = useQuery({ ...runsQuery(project), enabled: project !== "" }).data?.runs;
  const crumbs = [{ words: "Projects", to: "/" }];
  const apart = APART[pathname];
  if (apart) return [{ words: apart, to: pathname }];
  if (!project) return crumbs;
  const home = `/projects/${project}`;
  crumbs.push({ words: name ?? "…", to: home });
  if (output) {
    const found = runs?.find((one) => one.ulid === run);
    crumbs.push({ words: "Sets", to: `${home}/sets` }, { words: found ? `${found.number} ${runName(found)}, ${output}` : output, to: `${home}/runs/${run}/outputs/${output}` });
    const exposures = `${home}/runs/${run}/outputs/${output}/exposures`;
    if (pathname.startsWith(exposures)) crumbs.push({ words: "Exposures", to: exposures });
    if (exposure) crumbs.push({ words: "Micrograph", to: pathname });
  } else if (run) {
    const found = runs?.find((one) => one.ulid === run);
    crumbs.push({ words: "Workflow", to: `${home}?run=${run}` }, { words: found ? `${found.number} ${runName(found)}` : "…", to: pathname });
  } else {
    crumbs.push({ words: PAGES[pathname.slice(home.length)] ?? "Workflow", to: pathname });
  }
  return crumbs;
}
