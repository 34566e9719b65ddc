import { useMemo, useState } from "react";
import type { RunSummary } from "../../api/types";
import type { Layout } from "./layout";
import type { EdgeLine } from "./EdgeLayer";
import { keeping } from "./keeping";
import { CARD, type GraphModel } from "./model";
import type { RunFlowNode } from "./RunNode";

/** Cards and connections as the canvas takes them. */
export function useFlow(model: GraphModel, layout: Layout | undefined, found: readonly RunSummary[] | null, selected: string | null) {
  const wanted = useMemo(() => (found ? new Set(found.map((run) => run.ulid)) : null), [found]);
  const [keepNodes] = useState(() => keeping(sameNode));
  const [keepLines] = useState(() => keeping(sameLine));
  const nodes = useMemo(() => keepNodes(flowNodes(model, layout, wanted, selected)), [keepNodes, model, layout, wanted, selected]);
  const lines = useMemo(() => keepLines(edgeLines(model, layout, selected)), [keepLines, model, layout, selected]);
  return { nodes, lines };
}

function sameNode(a: RunFlowNode, b: RunFlowNode): boolean {
  return a.position === b.position && a.selected === b.selected && a.data.dimmed === b.data.dimmed && a.data.node.run === b.data.node.run && a.data.node.kinds === b.data.node.kinds;
}

function sameLine(a: EdgeLine, b: EdgeLine): boolean {
  return a.points === b.points && a.items === b.items && a.live === b.live && a.near === b.near;
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
        selected: chosen,
        domAttributes: { "aria-roledescription": undefined },
        data: { node, dimmed: wanted !== null && !wanted.has(node.run.ulid) },
      },
    ];
  });
}

function edgeLines(model: GraphModel, layout: Layout | undefined, selected: string | null): EdgeLine[] {
  return model.edges.flatMap((edge) => {
    const points = layout?.routes.get(edge.id);
    return points ? [{ id: edge.id, points, items: edge.items, live: edge.live, near: edge.source === selected || edge.target === selected }] : [];
  });
}
