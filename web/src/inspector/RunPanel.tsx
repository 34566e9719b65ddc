import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { isIdentified } from "../api/events";
import { protocolQuery, runQuery } from "../api/queries";
import type { RunSummary } from "../api/types";
import { count } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { useWorkflow } from "../workflow/useWorkflow";
import { FailedTab } from "./FailedTab";
import { FormSkeleton } from "./FormSkeleton";
import { InputsTab } from "./InputsTab";
import { LogTab } from "./LogTab";
import { MethodsTab } from "./MethodsTab";
import { OutputsTab } from "./OutputsTab";
import { ParametersTab } from "./ParametersTab";
import { RunFooter } from "./RunFooter";
import { RunHeader } from "./RunHeader";
import { useDraft } from "./useDraft";

interface Props {
  project: string;
  run: RunSummary;
  runs: readonly RunSummary[];
  fold: React.ReactNode;
}

/** Everything about one run, and what can be done with it. */
export function RunPanel({ project, run, runs, fold }: Props) {
  const [address, change] = useWorkflow();
  const known = isIdentified(run);
  const read = useQuery({ ...runQuery(project, run.ulid), enabled: known });
  const protocol = useQuery({ ...protocolQuery(run.protocol), enabled: run.stage !== "" });
  const draft = useDraft(project, run.ulid);
  const detail = read.data;
  const failed = run.progress.failed + run.progress.excluded;
  const tab = address.tab === "failed" && failed === 0 ? "parameters" : address.tab;
  if (!known) {
    return (
      <>
        <RunHeader project={project} run={run} detail={undefined} fold={fold} />
        <p className="nothing">{run.problem}</p>
      </>
    );
  }
  return (
    <>
      <RunHeader project={project} run={run} detail={detail} fold={fold} />
      <Tabs className="tabbed" value={tab} onChange={(to) => change({ tab: to })} keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="parameters">Parameters</Tabs.Tab>
          <Tabs.Tab value="inputs">Inputs</Tabs.Tab>
          <Tabs.Tab value="outputs">Outputs</Tabs.Tab>
          {failed > 0 && <Tabs.Tab value="failed">Failed<span className="tab-count">{count(failed)}</span></Tabs.Tab>}
          <Tabs.Tab value="log">Log</Tabs.Tab>
          <Tabs.Tab value="methods">Methods</Tabs.Tab>
        </Tabs.List>
        {read.isPending && <FormSkeleton />}
        {!detail && read.isError && <div className="section"><ProblemNote error={read.error} /></div>}
        {detail && (
          <>
            <Tabs.Panel value="parameters" className="body"><ParametersTab detail={detail} protocol={protocol} draft={draft} /></Tabs.Panel>
            <Tabs.Panel value="inputs" className="body"><InputsTab detail={detail} runs={runs} protocol={protocol.data} draft={draft} /></Tabs.Panel>
            <Tabs.Panel value="outputs" className="body"><OutputsTab project={project} detail={detail} runs={runs} /></Tabs.Panel>
            <Tabs.Panel value="failed" className="body"><FailedTab project={project} detail={detail} /></Tabs.Panel>
            <Tabs.Panel value="log" className="body" tabIndex={0}><LogTab project={project} run={run} /></Tabs.Panel>
            <Tabs.Panel value="methods" className="body"><MethodsTab detail={detail} /></Tabs.Panel>
          </>
        )}
      </Tabs>
      {detail && <RunFooter project={project} run={run} detail={detail} draft={draft} shape={protocol.data?.shape} />}
    </>
  );
}
