import { ActionIcon } from "@mantine/core";
import type { RunSummary } from "../../api/types";
import { Icon } from "../../kit/Icon";
import { useWorkflow } from "../useWorkflow";
import { ChooseProtocol } from "./ChooseProtocol";
import { NewDraft } from "./NewDraft";
import "./add.css";

/** Adds a run: first its protocol, then what it reads and its values. */
export function AddRun({ project, runs, protocol }: { project: string; runs: readonly RunSummary[]; protocol: string }) {
  const [, change] = useWorkflow();
  const close = (
    <ActionIcon variant="subtle" size={24} aria-label="Add nothing" onClick={() => change({ add: null, from: null })}>
      <Icon name="cross" />
    </ActionIcon>
  );
  if (protocol) return <NewDraft key={protocol} project={project} runs={runs} id={protocol} close={close} />;
  return (
    <>
      <header className="row"><h2 className="grow">Add a run</h2>{close}</header>
      <ChooseProtocol />
    </>
  );
}
