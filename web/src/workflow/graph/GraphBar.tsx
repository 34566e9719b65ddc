import { ActionIcon, Button } from "@mantine/core";
import { useReactFlow } from "@xyflow/react";
import { counted } from "../../kit/format";
import { Icon } from "../../kit/Icon";
import { KindGlyph } from "../../kit/KindGlyph";
import { kindWords } from "../../kit/kinds";
import type { GraphModel } from "./model";

const NAMED = 7; // kinds in the legend

/** Zoom, and what the shapes of ports mean. */
export function GraphBar({ model, fit }: { model: GraphModel; fit: () => Promise<boolean> }) {
  const flow = useReactFlow();
  const kinds = [...new Set(model.nodes.flatMap((node) => node.outputs.map((port) => port.kind)))].filter(Boolean).slice(0, NAMED);
  return (
    <div className="graphbar">
      <span className="row" role="group" aria-label="Zoom">
        <ActionIcon variant="subtle" size={24} aria-label="Zoom out" onClick={() => void flow.zoomOut()}><Icon name="minus" /></ActionIcon>
        <Button size="xs" variant="subtle" onClick={() => void fit()}>Fit</Button>
        <ActionIcon variant="subtle" size={24} aria-label="Zoom in" onClick={() => void flow.zoomIn()}><Icon name="add" /></ActionIcon>
      </span>
      {kinds.map((kind) => <span key={kind} className="key"><KindGlyph kind={kind} />{kindWords(kind)}</span>)}
      <span className="grow" />
      <span className="faint nw hide-narrow" id="graph-keys">Arrows go from run to run, Shift moves the view, Enter zooms to a run, O opens what it has made</span>
      <span className="faint nw">{counted(model.nodes.length, "runs")}</span>
    </div>
  );
}
