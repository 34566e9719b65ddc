import { ActionIcon } from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import type { RunSummary } from "../api/types";
import { Icon } from "../kit/Icon";
import { AddRun } from "../workflow/add/AddRun";
import { useWorkflow } from "../workflow/useWorkflow";
import { RunPanel } from "./RunPanel";
import "./inspector.css";

/** What stands at the right: the run that is selected, or one that is being added. */
export function Inspector({ project, runs }: { project: string; runs: readonly RunSummary[] }) {
  const [address] = useWorkflow();
  const [folded, setFolded] = useLocalStorage({ key: "cryoloom-inspector-folded", defaultValue: false, getInitialValueInEffect: false });
  const run = runs.find((one) => one.ulid === address.run);
  if (folded && address.add === null) {
    return (
      <aside className="folded" aria-label="Inspector">
        <ActionIcon variant="subtle" size={24} aria-label="Unfold the inspector" aria-expanded="false" onClick={() => setFolded(false)}>
          <Icon name="panel" />
        </ActionIcon>
        <span>Inspector</span>
      </aside>
    );
  }
  const fold = (
    <ActionIcon variant="subtle" size={24} aria-label="Fold the inspector" aria-expanded="true" onClick={() => setFolded(true)}>
      <Icon name="panel" />
    </ActionIcon>
  );
  return (
    <aside className="inspector" aria-label="Inspector">
      {address.add !== null && <AddRun project={project} runs={runs} protocol={address.add} />}
      {address.add === null && run && <RunPanel key={run.ulid} project={project} run={run} runs={runs} fold={fold} />}
      {address.add === null && !run && <Nothing gone={address.run !== null} fold={fold} />}
    </aside>
  );
}

function Nothing({ gone, fold }: { gone: boolean; fold: React.ReactNode }) {
  return (
    <>
      <header className="row"><h2 className="grow">Inspector</h2>{fold}</header>
      <div className="body">
        <p className="nothing">
          {gone ? "The run of this address is not in the project any more. Select another one." : "Select a run to see its parameters, what goes in and comes out, its log, and what to write of it in a paper. The arrow keys go from run to run."}
        </p>
      </div>
    </>
  );
}
