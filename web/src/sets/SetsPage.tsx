import { Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { Link, useParams } from "react-router";
import { protocolsQuery, runsQuery } from "../api/queries";
import { PageSkeleton } from "../app/PageSkeleton";
import { count } from "../kit/format";
import { Empty } from "../kit/Empty";
import { Icon } from "../kit/Icon";
import { KindGlyph } from "../kit/KindGlyph";
import { kindWords } from "../kit/kinds";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { lookOf } from "../kit/status";
import { runName } from "../workflow/names";
import { choiceName, outputsOf, shelfOf, type OutputChoice } from "../workflow/outputs";
import "./sets.css";

const SHOWN = 300;

/** Every set that the runs of a project have made. */
export function SetsPage() {
  const { project = "" } = useParams();
  const runs = useQuery(runsQuery(project));
  const protocols = useQuery(protocolsQuery);
  const [text, setText] = useState("");
  const [kind, setKind] = useState<string | null>(null);
  const sets = useMemo(() => outputsOf(shelfOf(runs.data?.runs ?? [], protocols.data ?? [])).filter((choice) => choice.run.state !== "draft"), [runs.data, protocols.data]);
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = sets.filter((set) => (!kind || set.kind === kind) && words.every((word) => choiceName(set).toLowerCase().includes(word)));
  const kinds = [...new Set(sets.map((set) => set.kind))].filter(Boolean).sort();
  const failed = runs.error ?? protocols.error;
  if (failed) return <main className="page" id="page"><div className="section"><ProblemNote error={failed} /></div></main>;
  if (runs.isPending || protocols.isPending) return <PageSkeleton />;
  return (
    <main className="page" id="page">
      <div className="pagehead"><h1>Sets</h1></div>
      {sets.length === 0 ? (
        <Empty title="No set has been made yet">
          <p>Movies, micrographs, particles, maps: what runs make are sets, and each can be opened here as a table. <Link to={`/projects/${project}?add=`}>Add a run</Link> to make the first.</p>
        </Empty>
      ) : (
        <>
          <search className="filterline">
            <TextInput className="grow" aria-label="Find sets" placeholder="Find by run or name" leftSection={<Icon name="search" />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
            <Select aria-label="Kind" placeholder="Any kind" clearable value={kind} onChange={setKind} data={kinds.map((one) => ({ value: one, label: kindWords(one) }))} />
            <span className="sm faint nw" role="status">{count(found.length)} of {count(sets.length)} sets</span>
          </search>
          <SetTable project={project} sets={found.slice(0, SHOWN)} />
          {found.length > SHOWN && <p className="most sm dim">The newest {count(SHOWN)} are shown; search to find others.</p>}
        </>
      )}
    </main>
  );
}

function SetTable({ project, sets }: { project: string; sets: readonly OutputChoice[] }) {
  return (
    <div className="rowtable" role="region" aria-label="Sets" tabIndex={0}>
      <table className="sheet">
        <thead>
          <tr><th scope="col">Set</th><th scope="col">Holds</th><th scope="col" className="r">Items</th><th scope="col">Run</th><th scope="col">State</th></tr>
        </thead>
        <tbody>
          {sets.map(({ link, run, kind, items }) => (
            <tr key={`${link.run}.${link.output}`}>
              <td><Link to={`/projects/${project}/runs/${link.run}/outputs/${link.output}`}>{link.output}</Link></td>
              <td><span className="row"><KindGlyph kind={kind} />{kind ? kindWords(kind) : "cannot be told"}</span></td>
              <td className="r">{count(items)}</td>
              <td><Link to={`/projects/${project}?run=${run.ulid}`}>{run.number} {runName(run)}</Link></td>
              <td><Status look={lookOf(run.state)} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
