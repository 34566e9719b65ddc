import { Button, Select, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import type { ComparedSet, InputLink, OverlapDocument, RunSummary } from "../api/types";
import { useAddRun } from "../api/useAddRun";
import { count } from "../kit/format";
import { kindWords } from "../kit/kinds";
import { ProblemNote } from "../kit/ProblemNote";
import { RunHead } from "./RunHead";
import { overlapQuery } from "./queries";

interface Props {
  project: string;
  runs: readonly RunSummary[];
  sets: readonly ComparedSet[];
  mayAdd: boolean;
}

/** Which items the sets of runs have in common, and sets that can be made of that. */
export function OverlapPanel({ project, runs, sets, mayAdd }: Props) {
  const [chosen, setChosen] = useState<string | null>(null);
  const set = sets.find((one) => one.kind === chosen) ?? sets.find((one) => one.kind === "particles") ?? sets[0];
  if (!set) return null;
  const holding = runs.filter((_, at) => set.outputs[at] !== null);
  const outputs = set.outputs.filter((one): one is InputLink => one !== null);
  return (
    <section className="panel" aria-labelledby="in-common">
      <header>
        <h2 className="grow" id="in-common">In common</h2>
        {sets.length > 1 && <Select aria-label="Kind of item" allowDeselect={false} value={set.kind} onChange={setChosen} data={sets.map((one) => ({ value: one.kind, label: kindWords(one.kind) }))} />}
      </header>
      <Overlap project={project} runs={runs} kind={set.kind} />
      {mayAdd && <Acts key={set.kind} project={project} runs={holding} outputs={outputs} />}
    </section>
  );
}

function Overlap({ project, runs, kind }: { project: string; runs: readonly RunSummary[]; kind: string }) {
  const overlap = useQuery(overlapQuery(project, runs, kind));
  if (overlap.isPending) return <Skeleton height={80} />;
  if (overlap.isError) return <div className="section"><ProblemNote error={overlap.error} /></div>;
  return (
    <>
      <p className="said sm dim">{inWords(overlap.data)} An item is the same as long as it keeps its identity; what was picked anew is new.</p>
      <div className="compared" role="region" aria-label="Table of what is in common" tabIndex={0}>
        <table className="sheet">
          <thead>
            <tr>
              <th scope="col">In both sets</th>
              {runs.map((run, place) => <th key={run.ulid} scope="col"><RunHead project={project} run={run} place={place} /></th>)}
            </tr>
          </thead>
          <tbody>
            {runs.map((run, row) => (
              <tr key={run.ulid}>
                <th scope="row"><RunHead project={project} run={run} place={row} /></th>
                {runs.map((other, column) => <td key={other.ulid} className="r">{cell(overlap.data, row, column)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

/** The number of items that two sets share, and what share of the first that is. */
function cell({ common, counts }: OverlapDocument, row: number, column: number): string {
  const shared = common[row]?.[column] ?? 0;
  const all = counts[row] ?? 0;
  return row === column || all === 0 ? count(shared) : `${count(shared)} (${Math.round((100 * shared) / all)} %)`;
}

function inWords({ kind, in_all, in_any }: OverlapDocument): string {
  return `Of ${count(in_any)} ${kindWords(kind)} altogether, ${count(in_all)} ${in_all === 1 ? "is" : "are"} in every set.`;
}

const OPERATIONS = [
  { operation: "intersection", words: "Keep what is in both" },
  { operation: "difference", words: "Keep what is only in the first" },
  { operation: "union", words: "Put both together" },
] as const;

/** Adds a run that makes a set of two of them. */
function Acts({ project, runs, outputs }: { project: string; runs: readonly RunSummary[]; outputs: readonly InputLink[] }) {
  const navigate = useNavigate();
  const add = useAddRun(project, (added) => void navigate(`/projects/${project}?run=${added.ulid}`));
  const [first, setFirst] = useState(outputs[0]?.run ?? "");
  const [second, setSecond] = useState(outputs[1]?.run ?? "");
  const data = runs.map((run) => ({ value: run.ulid, label: `run ${run.number}` }));
  const of = (run: string) => outputs.find((one) => one.run === run);
  const [one, other] = [of(first), of(second)];
  return (
    <div className="section acts-of-two">
      {runs.length > 2 && <Select size="xs" label="First" allowDeselect={false} value={first} onChange={(run) => setFirst(run ?? first)} data={data} />}
      {runs.length > 2 && <Select size="xs" label="Second" allowDeselect={false} value={second} onChange={(run) => setSecond(run ?? second)} data={data} />}
      {OPERATIONS.map(({ operation, words }) => (
        <Button key={operation} size="xs" disabled={!one || !other || first === second} loading={add.isPending && add.variables.parameters?.operation === operation} onClick={() => one && other && add.mutate({ protocol: "combine", inputs: { first: one, second: other }, parameters: { operation }, options: {}, label: "" })}>
          {words}
        </Button>
      ))}
      {add.isError && <ProblemNote error={add.error} />}
    </div>
  );
}
