import { Button } from "@mantine/core";
import { useState } from "react";
import { Link, useParams } from "react-router";
import type { StorageDocument } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { ago, bytes, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { Quantity } from "../kit/Quantity";
import { useNow } from "../kit/useNow";
import { CategoryTable } from "./CategoryTable";
import { Confirm } from "./Confirm";
import { DiskLine } from "./DiskLine";
import { Task } from "./Task";
import { Trash } from "./Trash";
import { useStorage, useStorageEvents, type Storage } from "./useStorage";
import { size, together } from "./words";
import "../projects/projects.css";
import "./storage.css";

/** What takes space in a project, what could go, and what that would cost. */
export function StoragePage() {
  const { project = "" } = useParams();
  useStorageEvents();
  const desk = useStorage(project);
  const { storage, measuring, failure } = desk;
  if (storage.isPending) return <PageSkeleton />;
  const told = storage.data;
  return (
    <main className="page scroll" id="page">
      <div className="pagehead">
        <h1>Storage</h1>
        <Link className="sm" to="/storage">of all projects</Link>
        <span className="grow" />
        <Button disabled={told?.task !== null || told.read_only !== ""} leftSection={<Icon name="retry" />} onClick={() => measuring.mutate()}>Measure again</Button>
      </div>
      <div className="projects">
        {storage.isError && <ProblemNote error={storage.error} />}
        {failure && <ProblemNote error={failure} />}
        {told && <DiskLine disk={told.disk} seconds={told.seconds_to_full} />}
        {told?.task && <Task task={told.task} />}
        {told?.problem && <p className="panel storagenote" role="alert">{told.problem}</p>}
        {told?.last && !told.task && <Done last={told.last} />}
        {told && !told.measure && told.read_only && <p className="dim">{told.read_only} It has not been measured since the server was started; who can change it can do that.</p>}
        {told?.measure && <Measured key={told.measure.at} project={project} told={told} measure={told.measure} desk={desk} />}
      </div>
    </main>
  );
}

function Done({ last }: { last: NonNullable<StorageDocument["last"]> }) {
  return (
    <div className="panel storagenote" role="status">
      <p>{counted(last.files, "files")} went, {size(last.bytes)} were freed.{last.left_count > 0 && ` ${counted(last.left_count, "files")} stayed:`}</p>
      {last.left.length > 0 && <ul className="sm dim">{last.left.map((one) => <li key={one.path}>{one.path}: {one.why}</li>)}</ul>}
    </div>
  );
}

interface MeasuredProps {
  project: string;
  told: StorageDocument;
  measure: NonNullable<StorageDocument["measure"]>;
  desk: Storage;
}

function Measured({ project, told, measure, desk }: MeasuredProps) {
  const now = useNow();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asking, setAsking] = useState(false);
  const busy = told.task !== null || told.read_only !== "";
  const { going, frees, digests } = together(measure.categories, chosen);
  const choose = (name: string) => setChosen(new Set(chosen.has(name) ? [...chosen].filter((one) => one !== name) : [...chosen, name]));
  return (
    <>
      <div className="row">
        <p className="grow"><b><Quantity {...bytes(measure.bytes)} /></b> in this project, of which <b><Quantity {...bytes(measure.frees)} /></b> can go. <span className="faint">Measured {ago(Date.parse(measure.at), now)}.</span></p>
        <Button variant="filled" disabled={busy || going.length === 0} onClick={() => setAsking(true)}>{going.length > 0 ? `Free ${size(frees)} …` : "Free space"}</Button>
      </div>
      {told.read_only && <p className="dim">{told.read_only}</p>}
      <CategoryTable project={project} categories={measure.categories} total={measure.bytes} chosen={chosen} choose={busy ? null : choose} />
      {measure.raw_movies > 0 && <p className="sm dim">{counted(measure.raw_movies, "movies")} that were imported took <Quantity {...bytes(measure.raw_bytes)} /> then. They lie outside the project and are never touched.</p>}
      <Trash measure={measure} busy={busy} empty={(digest) => desk.cleaning.mutate(digest)} restore={(runs) => desk.restoring.mutate(runs)} />
      {asking && (
        <Confirm
          title="Free space"
          act={`Free ${size(frees)}`}
          going={going}
          close={() => setAsking(false)}
          confirm={() => {
            setAsking(false);
            desk.cleaning.mutate(digests);
          }}
        />
      )}
    </>
  );
}
