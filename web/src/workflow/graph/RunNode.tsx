import { useStore, type Node, type NodeProps } from "@xyflow/react";
import { memo, use } from "react";
import { Link } from "react-router";
import { ProjectContext } from "../../api/project";
import type { RunSummary } from "../../api/types";
import { Icon } from "../../kit/Icon";
import { kindWords, shapeOf } from "../../kit/kinds";
import { lookOf } from "../../kit/status";
import { rowsAddress } from "../../sets/addresses";
import { runName } from "../names";
import { RunCard } from "../RunCard";
import { FAR } from "./layout";
import type { GraphNode, Port } from "./model";

export type RunFlowNode = Node<{ node: GraphNode; dimmed: boolean }, "run">;

/** A run in the graph: its card with typed ports, or a plain plate when it is seen from afar. */
export const RunNode = memo(function RunNode({ data, selected }: NodeProps<RunFlowNode>) {
  const far = useStore((store) => store.transform[2] < FAR);
  const { node: { run, inputs, outputs }, dimmed } = data;
  const classes = ["card", far && "far", run.state === "draft" && "draft", selected && "selected", dimmed && "dimmed"].filter(Boolean).join(" ");
  return (
    <div className={`${classes} tone-${lookOf(run.state).tone}`} data-run={run.ulid} id={`node-${run.ulid}`} role="group" aria-label={`Run ${run.number}, ${runName(run)}, ${lookOf(run.state).word}`} aria-current={selected ? "true" : undefined}>
      {far ? <Plate run={run} /> : <RunCard run={run} />}
      {!far && inputs.map((port) => <PortMark key={port.name} port={port} side="left" />)}
      {!far && outputs.map((port) => <OutputMark key={port.name} port={port} run={run} />)}
    </div>
  );
});

function Plate({ run }: { run: RunSummary }) {
  return (
    <>
      <span className="plate-icon"><Icon name={lookOf(run.state).icon} /></span>
      <span className="plate-name">{runName(run)}</span>
    </>
  );
}

/** The port of an output; where something has come, it leads to its rows. By the keyboard that is `O`, or the inspector. */
function OutputMark({ port, run }: { port: Port; run: RunSummary }) {
  const project = use(ProjectContext);
  const mark = <PortMark port={port} side="right" />;
  if (!run.progress.outputs[port.name]) return mark;
  return <Link className="nodrag nopan" tabIndex={-1} to={rowsAddress(`/projects/${project}`, run.ulid, port.name)} aria-label={`Open ${port.name} of run ${run.number}`}>{mark}</Link>;
}

function PortMark({ port, side }: { port: Port; side: "left" | "right" }) {
  return (
    <svg className={`glyph port ${side}`} style={{ top: port.y }} viewBox="-6 -6 12 12" aria-hidden="true">
      <title>{`${port.name}: ${kindWords(port.kind)}`}</title>
      <path d={shapeOf(port.kind)} />
    </svg>
  );
}
