import { SegmentedControl, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { Link, useParams, useSearchParams } from "react-router";
import { mapsQuery, runsQuery, volumeQuery } from "../api/queries";
import type { MapEntry, RunSummary } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { Empty } from "../kit/Empty";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { lookOf } from "../kit/status";
import { runName } from "../workflow/names";
import { mapKey } from "./addresses";
import { Downloads } from "./Downloads";
import { MapView, TrustPage } from "./MapView";
import { hasWebGL } from "../kit/webgl";
import "./maps.css";

/** The maps that a run has made, or measured. */
export function MapsPage() {
  const { project = "", run = "" } = useParams();
  const [search] = useSearchParams();
  const runs = useQuery(runsQuery(project)).data?.runs;
  const maps = useQuery(mapsQuery(project, run));
  const made = runs?.find((one) => one.ulid === run);
  useEffect(() => {
    if (hasWebGL()) void import("./surface/Surface"); // it comes while the map is being read
  }, []);
  if (maps.isPending) return <PageSkeleton />;
  const entry = maps.data?.find((one) => one.item === search.get("map")) ?? maps.data?.[0];
  return (
    <main className="page" id="page">
      <Head project={project} run={made} maps={maps.data ?? []} entry={entry} />
      {maps.isError && <div className="section"><ProblemNote error={maps.error} /></div>}
      {maps.data && !entry && <Empty title="There is no map yet"><p>It comes here when the run has made one.</p></Empty>}
      {entry && search.get("show") === "trust" && <TrustPage key={mapKey(entry)} project={project} entry={entry} />}
      {entry && search.get("show") !== "trust" && <MapView key={mapKey(entry)} project={project} name={`run-${made?.number ?? 0}-${made?.protocol ?? "map"}`} entry={entry} />}
    </main>
  );
}

interface HeadProps {
  project: string;
  run: RunSummary | undefined;
  maps: readonly MapEntry[];
  entry: MapEntry | undefined;
}

function Head({ project, run, maps, entry }: HeadProps) {
  const [search, setSearch] = useSearchParams();
  const change = (name: string, value: string) => setSearch((old) => new URLSearchParams([...[...old].filter(([one]) => one !== name), [name, value]]), { replace: true });
  return (
    <div className="pagehead">
      <h1 className="nw">{run ? runName(run) : "Map"} {run && <Link className="faint" style={{ fontWeight: 400 }} to={`/projects/${project}?run=${run.ulid}`}>run {run.number}</Link>}</h1>
      {run && <Status look={lookOf(run.state)} />}
      <span className="grow" />
      {maps.length > 1 && <Select aria-label="Map" value={entry?.item ?? null} allowDeselect={false} onChange={(item) => item && change("map", item)} data={maps.map((one) => ({ value: one.item, label: one.name }))} />}
      {entry && <Acts project={project} entry={entry} show={search.get("show") ?? "map"} change={(show) => change("show", show)} />}
    </div>
  );
}

function Acts({ project, entry, show, change }: { project: string; entry: MapEntry; show: string; change: (show: string) => void }) {
  const volume = useQuery(volumeQuery(project, entry)).data;
  if (!volume) return null;
  return (
    <>
      {volume.trusted && <SegmentedControl aria-label="Show" value={show === "trust" ? "trust" : "map"} onChange={change} data={[{ value: "map", label: "Map" }, { value: "trust", label: "Trust page" }]} />}
      <Downloads project={project} volume={volume} />
    </>
  );
}
