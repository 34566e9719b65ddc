import { ReactFlow, ReactFlowProvider } from "@xyflow/react";
import "@xyflow/react/dist/base.css";
import { useElementSize } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useNavigate } from "react-router";
import { protocolsQuery } from "../../api/queries";
import type { RunSummary } from "../../api/types";
import { rowsAddress } from "../../sets/addresses";
import { shelfOf } from "../outputs";
import { EdgeLayer } from "./EdgeLayer";
import { GraphBar } from "./GraphBar";
import { FARTHEST } from "./layout";
import { firstFilled, graphOf } from "./model";
import { RunNode } from "./RunNode";
import { useCanvasKeys } from "./useCanvasKeys";
import { useFit } from "./useFit";
import { useFlow } from "./useFlow";
import { useLayout } from "./useLayout";
import { useInView } from "./useInView";
import "./graph.css";

interface Props {
  project: string;
  runs: RunSummary[];
  /** The runs that are looked for; null: all. */
  found: RunSummary[] | null;
  selected: string | null;
  select: (run: string) => void;
}

const NODES = { run: RunNode };
const STILL = { nodesDraggable: false, nodesConnectable: false, nodesFocusable: false, edgesFocusable: false, elementsSelectable: false, disableKeyboardA11y: true, zoomOnDoubleClick: false, onlyRenderVisibleElements: true, proOptions: { hideAttribution: true } } as const;

/** The runs as a graph, from left to right. */
export default function RunGraph(props: Props) {
  return (
    <ReactFlowProvider key={props.project}>
      <Canvas {...props} />
    </ReactFlowProvider>
  );
}

function Canvas({ project, runs, found, selected, select }: Props) {
  const { ref, width, height } = useElementSize();
  const { data: protocols, isPending } = useQuery(protocolsQuery);
  const model = useMemo(() => graphOf(runs, shelfOf(runs, protocols ?? [])), [runs, protocols]);
  const { data: layout, isError } = useLayout(model, isPending ? 0 : width, height);
  const { nodes, lines } = useFlow(model, layout, found, selected);
  const fit = useFit(layout, width, height);
  const navigate = useNavigate();
  const keys = useCanvasKeys(layout, selected, select, fit, (ulid) => {
    const output = firstFilled(model.nodes.find((node) => node.run.ulid === ulid));
    if (output) void navigate(rowsAddress(`/projects/${project}`, ulid, output));
  });
  useInView(layout, selected);
  return (
    <>
      <div ref={ref} className="canvas">
        {layout ? (
          <ReactFlow
            {...STILL}
            nodes={nodes}
            nodeTypes={NODES}
            minZoom={FARTHEST}
            maxZoom={2}
            tabIndex={0}
            aria-label="Workflow graph"
            aria-describedby="graph-keys"
            aria-activedescendant={nodes.some((node) => node.id === selected) ? `node-${selected ?? ""}` : undefined}
            onInit={() => void fit()}
            onNodeClick={(_event, node) => select(node.id)}
            onKeyDown={keys}
          >
            <EdgeLayer lines={lines} />
          </ReactFlow>
        ) : (
          <p className="waiting">{isError ? "The graph could not be laid out. The table and the cards show the same runs." : "Drawing the graph…"}</p>
        )}
      </div>
      <GraphBar model={model} fit={fit} />
    </>
  );
}
