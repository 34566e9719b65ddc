import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { nextQuery, protocolQuery, protocolsQuery } from "../../api/queries";
import type { NextStep, ProtocolDocument, RunSummary } from "../../api/types";
import { FormSkeleton } from "../../inspector/FormSkeleton";
import { ParametersForm } from "../../inspector/form/ParametersForm";
import { Icon } from "../../kit/Icon";
import { ProblemNote } from "../../kit/ProblemNote";
import { protocolName } from "../names";
import { outputsOf, shelfOf, type OutputChoice } from "../outputs";
import { stageIcon } from "../stages";
import { useWorkflow } from "../useWorkflow";
import { InputPicker } from "./InputPicker";
import { useNewDraft } from "./useNewDraft";

interface Props {
  project: string;
  runs: readonly RunSummary[];
  id: string;
  close: React.ReactNode;
}

/** What a run that is being added reads, and its values. */
export function NewDraft({ project, runs, id, close }: Props) {
  const protocol = useQuery(protocolQuery(id));
  const protocols = useQuery(protocolsQuery);
  const choices = useMemo(() => outputsOf(shelfOf(runs, protocols.data ?? [])), [runs, protocols.data]);
  const [address, change] = useWorkflow();
  const steps = useQuery({ ...nextQuery(project, address.from ?? ""), enabled: address.from !== null });
  const failed = protocol.error ?? protocols.error;
  const ready = address.from === null || !steps.isPending;
  return (
    <>
      <header>
        <div className="title">
          <h2><Icon name={stageIcon(protocol.data?.stage ?? "")} /><span className="cut">Add: {protocolName(id)}</span></h2>
          {close}
        </div>
        <p className="facts">{protocol.data?.title}</p>
        <button type="button" className="whynot sm" onClick={() => change({ add: "", from: null })}>Choose another protocol</button>
      </header>
      {failed && <div className="section"><ProblemNote error={failed} /></div>}
      {!failed && !(protocol.data && protocols.data && ready) && <FormSkeleton />}
      {protocol.data && protocols.data && ready && <Filling project={project} protocol={protocol.data} choices={choices} step={steps.data?.find((step) => step.protocol === id)} />}
    </>
  );
}

function Filling({ project, protocol, choices, step }: { project: string; protocol: ProtocolDocument; choices: OutputChoice[]; step: NextStep | undefined }) {
  const draft = useNewDraft(project, protocol, choices, step);
  const wanting = protocol.inputs.find((port) => !port.optional && !draft.links[port.name]);
  return (
    <>
      <div className="body">
        {protocol.inputs.length > 0 && (
          <section>
            <div className="sechead"><h3>Inputs</h3></div>
            {protocol.inputs.map((port) => (
              <InputPicker key={port.name} port={port} choices={choices} value={draft.links[port.name]} problem={draft.problems[port.name]} choose={(link) => draft.link(port.name, link)} />
            ))}
          </section>
        )}
        <ParametersForm parameters={protocol.parameters} values={draft.values} changing={draft} />
      </div>
      <footer>
        {draft.failure !== null && <ProblemNote error={draft.failure} />}
        <div className="row">
          <span className="grow faint sm" role="status">{wanting ? `The input ${wanting.name} is needed.` : "A draft does nothing until it is started."}</span>
          <Button variant="filled" disabled={wanting !== undefined} loading={draft.creating} onClick={draft.create}>Create draft</Button>
        </div>
      </footer>
    </>
  );
}
