import { Button, Skeleton } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useParams, useSearchParams } from "react-router";
import { closeSource, startRun, stopRun } from "../api/acts";
import { ApiError } from "../api/problems";
import { projectQuery, runsQuery } from "../api/queries";
import type { SessionDocument } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { ExposureRows } from "../exposures/ExposureRows";
import { asSearch, nextSorting, sortingOf } from "../exposures/table";
import { useOrder } from "../exposures/useOrder";
import { count, duration } from "../kit/format";
import { Empty } from "../kit/Empty";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { lookOf } from "../kit/status";
import { useNow } from "../kit/useNow";
import { AlarmLines } from "./AlarmLines";
import { alarmsQuery, up } from "./alarms";
import { AlarmsTab } from "./AlarmsTab";
import { NoMovieYet } from "./NoMovieYet";
import { Overview } from "./Overview";
import { SettingsTab } from "./SettingsTab";
import { sessionQuery, useSession, type Session } from "./useSession";
import { VerdictWord } from "./VerdictWord";
import "../exposures/exposures.css";
import "../sets/sets.css";
import "./session.css";

const NO_SESSION = 404;
const TABS = ["overview", "exposures", "alarms", "settings"] as const;

/** The session of a project, as it goes on. */
export function SessionPage() {
  const { project = "" } = useParams();
  const session = useSession(project);
  const [params] = useSearchParams();
  const tab = TABS.find((one) => one === params.get("tab")) ?? "overview";
  const { data: told, error, isPending } = session.session;
  if (isPending) return <PageSkeleton />;
  if (!told) {
    const none = error instanceof ApiError && error.status === NO_SESSION;
    return (
      <main className="page" id="page">
        {none ? (
          <Empty title="There is no session in this project yet"><p>A session begins with a run that imports movies while the microscope writes them. <Link to={`/projects/${project}?add=import-movies`}>Import movies</Link>, with “expect more” on. At a microscope that is defined on this server, <Link to="/sessions/new">begin a session</Link> in a project of its own.</p></Empty>
        ) : <div className="section"><ProblemNote error={error} /></div>}
      </main>
    );
  }
  return (
    <main className="page scroll session" id="page">
      <Head project={project} told={told} />
      <AlarmLines project={project} />
      <Tabs project={project} told={told} tab={tab} />
      {tab === "overview" && <Overview session={session} />}
      {tab === "exposures" && <Exposures session={session} />}
      {tab === "alarms" && <AlarmsTab project={project} />}
      {tab === "settings" && <SettingsTab session={told} project={project} />}
    </main>
  );
}

function Head({ project, told }: { project: string; told: SessionDocument }) {
  const client = useQueryClient();
  const name = useQuery(projectQuery(project)).data?.name;
  const source = useQuery(runsQuery(project)).data?.runs.find((run) => run.ulid === told.source);
  const now = useNow();
  const act = useMutation({
    mutationFn: (ask: typeof stopRun) => ask(project, told.source),
    onSettled: () => client.invalidateQueries({ queryKey: sessionQuery(project).queryKey }),
  });
  const since = told.started ? duration((now - Date.parse(told.started)) / 1000) : "";
  const look = lookOf(source?.state ?? null);
  return (
    <>
      <div className="pagehead">
        <h1 className="cut">{name}</h1>
        {source && <Status look={look} words={told.active ? `${look.word}, ${since}` : look.word} />}
        <span className="grow" />
        {told.active && <Button loading={act.isPending} onClick={() => act.mutate(stopRun)}>Pause</Button>}
        {told.active && <Button loading={act.isPending} onClick={() => act.mutate(closeSource)}>Finish</Button>}
        {source?.state === "stopped" && <Button variant="filled" loading={act.isPending} onClick={() => act.mutate(startRun)}>Go on</Button>}
      </div>
      {act.isError && <div className="section"><ProblemNote error={act.error} /></div>}
    </>
  );
}

function Tabs({ project, told, tab }: { project: string; told: SessionDocument; tab: string }) {
  const home = `/projects/${project}`;
  const alarms = up(useQuery(alarmsQuery(project)).data?.alarms ?? []).length;
  const here = (name: string) => (tab === name ? "page" : undefined);
  return (
    <nav className="tabs" aria-label="Session">
      <Link to={`${home}/session`} aria-current={here("overview")}>Overview</Link>
      {told.exposures && <Link to={`${home}/session?tab=exposures`} aria-current={here("exposures")}>Exposures <span className="n">{count(told.counts.aligned)}</span></Link>}
      {told.particles && <Link to={`${home}/runs/${told.particles.run}/outputs/${told.particles.output}/images`}>Picks <span className="n">{count(told.counts.picks)}</span></Link>}
      {told.classes && <Link to={`${home}/runs/${told.classes}/classes`}>Classes</Link>}
      {told.maps && <Link to={`${home}/runs/${told.maps}/maps`}>Map</Link>}
      <Link to={`${home}/session?tab=alarms`} aria-current={here("alarms")}>Alarms {alarms > 0 && <span className="n">{count(alarms)}</span>}</Link>
      <Link to={`${home}/session?tab=settings`} aria-current={here("settings")}>Settings</Link>
    </nav>
  );
}

function Exposures({ session }: { session: Session }) {
  const [params, setParams] = useSearchParams();
  const { table, place, verdicts } = session;
  const sorting = sortingOf(params);
  const order = useOrder(table, sorting);
  if (session.tableError) return <div className="section"><ProblemNote error={session.tableError} /></div>;
  if (!session.session.data?.exposures) return <NoMovieYet />;
  if (!table) return <Skeleton height={300} />;
  const sort = (by: string) => setParams({ tab: "exposures", ...Object.fromEntries(new URLSearchParams(asSearch(nextSorting(sorting, by)))) }, { replace: true });
  return <ExposureRows place={place} table={table} order={order} sorting={sorting} sort={sort} verdict={(at) => <VerdictWord verdict={verdicts[at]} />} />;
}
