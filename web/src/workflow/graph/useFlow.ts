import { Position, type NodeHandle } from "@xyflow/react";
import { useMemo, useState } from "react";
import type { RunSummary } from "../../api/types";
import { counted } from "../../kit/format";
import type { Layout } from "./layout";
import { keeping } from "./keeping";
import { CARD, type GraphModel, type Port } from "./model";
import type { RunFlowNode } from "./RunNode";
import type { WovenFlowEdge } from "./WovenEdge";

/** Cards and connections as the canvas takes them. */
export function useFlow(model: GraphModel, layout: Layout | undefined, found: readonly RunSummary[] | null, selected: string | null) {
  const wanted = useMemo(() => (found ? new Set(found.map((run) => run.ulid)) : null), [found]);
  const [keepNodes] = useState(() => keeping(sameNode));
  const [keepEdges] = useState(() => keeping(sameEdge));
  const nodes = useMemo(() => keepNodes(flowNodes(model, layout, wanted, selected)), [keepNodes, model, layout, wanted, selected]);
  const edges = useMemo(() => keepEdges(flowEdges(model, layout, selected)), [keepEdges, model, layout, selected]);
  return { nodes, edges };
}

function sameNode(a: RunFlowNode, b: RunFlowNode): boolean {
  return a.position === b.position && a.selected === b.selected && a.data.dimmed === b.data.dimmed && a.data.node.run === b.data.node.run && a.data.node.kinds === b.data.node.kinds;
}

function sameEdge(a: WovenFlowEdge, b: WovenFlowEdge): boolean {
  return a.data?.points === b.data?.points && a.data?.items === b.data?.items && a.data?.live === b.data?.live && a.data?.near === b.data?.near;
}

function flowNodes(model: GraphModel, layout: Layout | undefined, wanted: ReadonlySet<string> | null, selected: string | null): RunFlowNode[] {
  return model.nodes.flatMap((node): RunFlowNode[] => {
    const position = layout?.places.get(node.run.ulid);
    if (!position) return [];
    const chosen = node.run.ulid === selected;
    return [
      {
        id: node.run.ulid,
        type: "run",
        position,
        ...CARD,
        measured: CARD,
        handles: [...node.inputs.map((port) => handle(port, "target", Position.Left, 0)), ...node.outputs.map((port) => handle(port, "source", Position.Right, CARD.width))],
        selected: chosen,
        domAttributes: { "aria-roledescription": undefined },
        data: { node, dimmed: wanted !== null && !wanted.has(node.run.ulid) },
      },
    ];
  });
}

/** Where a connection can end; it is told and not looked up on the page, so that cards can leave their ports out. */
function handle(port: Port, type: "source" | "target", position: Position, x: number): NodeHandle {
  return { id: port.name, type, position, x, y: port.y, width: 0, height: 0 };
}

function flowEdges(model: GraphModel, layout: Layout | undefined, selected: string | null): WovenFlowEdge[] {
  return model.edges.flatMap((edge): WovenFlowEdge[] => {
    const points = layout?.routes.get(edge.id);
    if (!points) return [];
    const near = edge.source === selected || edge.target === selected;
    return [{ id: edge.id, type: "woven", source: edge.source, sourceHandle: edge.output, target: edge.target, targetHandle: edge.input, ariaLabel: `${edge.input}: ${counted(edge.items, "items")}`, data: { points, items: edge.items, live: edge.live, near } }];
  });
}
