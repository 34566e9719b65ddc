import { useStore, type Node, type NodeProps } from "@xyflow/react";
import { memo } from "react";
import type { RunSummary } from "../../api/types";
import { Icon } from "../../kit/Icon";
import { kindWords, shapeOf } from "../../kit/kinds";
import { lookOf } from "../../kit/status";
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
      {!far && outputs.map((port) => <PortMark key={port.name} port={port} side="right" />)}
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

function PortMark({ port, side }: { port: Port; side: "left" | "right" }) {
  return (
    <svg className={`glyph port ${side}`} style={{ top: port.y }} viewBox="-6 -6 12 12" aria-hidden="true">
      <title>{`${port.name}: ${kindWords(port.kind)}`}</title>
      <path d={shapeOf(port.kind)} />
    </svg>
  );
}
