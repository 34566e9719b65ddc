import { MultiSelect } from "@mantine/core";
import type { RunSummary } from "../api/types";
import { runName } from "../workflow/names";
import { MOST } from "./addresses";

interface Props {
  runs: readonly RunSummary[];
  chosen: readonly string[];
  choose: (runs: string[]) => void;
}

/** Which runs are compared, in the order of their columns; those of the same protocol as the first come first. */
export function RunPicker({ runs, chosen, choose }: Props) {
  const first = runs.find((run) => run.ulid === chosen[0]);
  const alike = (run: RunSummary) => Number(run.protocol === first?.protocol);
  const data = runs
    .filter((run) => run.state !== "draft" && run.state !== null)
    .toSorted((a, b) => alike(b) - alike(a) || b.number - a.number)
    .map((run) => ({ value: run.ulid, label: `${run.number} ${runName(run)}` }));
  return (
    <MultiSelect
      className="runpicker"
      aria-label="Runs to compare"
      placeholder={chosen.length < MOST ? "Add a run" : undefined}
      searchable
      hidePickedOptions
      maxValues={MOST}
      value={[...chosen]}
      onChange={choose}
      data={data}
      nothingFoundMessage="No such run"
    />
  );
}
