import { Button, SegmentedControl } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import type { RunSummary } from "../api/types";
import { projectQuery } from "../api/queries";
import { Icon } from "../kit/Icon";
import { Status } from "../kit/Status";
import { count } from "../kit/format";
import { lookOf } from "../kit/status";
import { stateCounts } from "./filter";
import { useWorkflow, VIEWS } from "./useWorkflow";

const WORDS: Record<(typeof VIEWS)[number], string> = { graph: "Graph", table: "Table", cards: "Cards" };
const TOLD = ["running", "needs you", "attention", "failed"] as const;

/** The title, what is going on in a few words, and the ways to look at it. */
export function WorkflowHead({ project, runs }: { project: string; runs: readonly RunSummary[] }) {
  const [address, change] = useWorkflow();
  const summary = useQuery(projectQuery(project)).data;
  const counts = stateCounts(runs);
  return (
    <div className="pagehead">
      <h1 className="cut">{summary?.name ?? "Workflow"}</h1>
      <span className="row hide-narrow">
        {TOLD.filter((state) => counts.has(state)).map((state) => (
          <Status key={state} look={lookOf(state)} words={`${count(counts.get(state) ?? 0)} ${lookOf(state).word.toLowerCase()}`} />
        ))}
      </span>
      {summary?.read_only && <span className="sm dim cut">{summary.read_only}</span>}
      <span className="grow" />
      <SegmentedControl
        aria-label="View"
        value={address.view}
        onChange={(view) => change({ view })}
        data={VIEWS.map((view) => ({ value: view, label: WORDS[view] }))}
      />
      {!summary?.read_only && (
        <Button variant="filled" leftSection={<Icon name="add" />} onClick={() => change({ add: "" })}>Add run</Button>
      )}
    </div>
  );
}
