import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { closeSource, startRun, stopRun } from "../api/acts";
import { useAddRun } from "../api/useAddRun";
import type { ProtocolSummary, RunDetail, RunSummary } from "../api/types";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { isActive } from "../kit/status";
import { useWorkflow } from "../workflow/useWorkflow";
import { DraftFooter } from "./DraftFooter";
import type { Draft } from "./useDraft";

interface Props {
  project: string;
  run: RunSummary;
  detail: RunDetail;
  draft: Draft;
  shape: ProtocolSummary["shape"] | undefined;
}

/** What can be done with a run in its present state. */
export function RunFooter({ project, run, detail, draft, shape }: Props) {
  if (detail.read_only || run.state === null) return null;
  if (run.state === "draft") return <DraftFooter project={project} run={run.ulid} draft={draft} />;
  return <Acts project={project} run={run} detail={detail} shape={shape} />;
}

function Acts({ project, run, detail, shape }: Omit<Props, "draft">) {
  const [, change] = useWorkflow();
  const copy = useAddRun(project, (added) => change({ run: added.ulid, tab: null }));
  const start = useMutation({ mutationFn: () => startRun(project, run.ulid) });
  const stop = useMutation({ mutationFn: () => stopRun(project, run.ulid) });
  const close = useMutation({ mutationFn: () => closeSource(project, run.ulid) });
  const failure = [start, stop, close, copy].find((act) => act.isError);
  const active = isActive(run.state);
  return (
    <footer>
      {failure && <ProblemNote error={failure.error} />}
      <p className="faint sm" role="status">
        {active && stop.isSuccess && "It was asked to stop; what is in flight is given up."}
        {active && close.isSuccess && !stop.isSuccess && "It was told that nothing more will come."}
      </p>
      <div className="row acts">
        <Button variant="subtle" leftSection={<Icon name="copy" />} loading={copy.isPending} onClick={() => copy.mutate({ protocol: detail.protocol, inputs: detail.inputs, parameters: detail.parameters, options: detail.options, label: detail.label })}>Copy as draft</Button>
        {active && shape === "source" && <Button loading={close.isPending} onClick={() => close.mutate()}>Close source</Button>}
        {active && <Button leftSection={<Icon name="stop" />} loading={stop.isPending} onClick={() => stop.mutate()}>Stop</Button>}
        {!active && (
          <Button variant={run.state === "finished" ? "default" : "filled"} leftSection={<Icon name="play" />} loading={start.isPending} onClick={() => start.mutate()}>
            Go on
          </Button>
        )}
      </div>
    </footer>
  );
}
