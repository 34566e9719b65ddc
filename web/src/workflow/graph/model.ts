import type { RunSummary } from "../../api/types";
import { isActive } from "../../kit/status";
import { outputKind, type Shelf } from "../outputs";

/** Size of a card in the graph, px. */
export const CARD = { width: 172, height: 136 } as const;

/** From the left of one column of cards to that of the next, px. */
export const COLUMN = CARD.width + 52;

export interface Port {
  name: string;
  kind: string;
  /** From the top of the card, px. */
  y: number;
}

export interface GraphNode {
  run: RunSummary;
  inputs: Port[];
  outputs: Port[];
  /** Names and kinds of all ports in one word, to compare by. */
  kinds: string;
}

export interface GraphEdge {
  id: string;
  source: string;
  output: string;
  target: string;
  input: string;
  items: number;
  live: boolean;
}

export interface GraphModel {
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** Cards with their ports, and what connects them; links to runs that are gone are left out. */
export function graphOf(runs: readonly RunSummary[], shelf: Shelf): GraphModel {
  const nodes = runs.map((run) => {
    const inputs = spread(Object.entries(run.inputs).map(([name, link]) => [name, kindOf(link.run, link.output, shelf)]));
    const outputs = spread(outputNames(run, shelf).map((name) => [name, outputKind(run, name, shelf)]));
    return { run, inputs, outputs, kinds: `${inputs.map(worded).join()};${outputs.map(worded).join()}` };
  });
  const edges = runs.flatMap((run) =>
    Object.entries(run.inputs).flatMap(([input, link]) => {
      const source = shelf.runs.get(link.run);
      if (!source) return [];
      const live = isActive(source.state) && isActive(run.state);
      return [{ id: `${run.ulid}.${input}`, source: link.run, output: link.output, target: run.ulid, input, items: source.progress.outputs[link.output] ?? 0, live }];
    }),
  );
  return { nodes, edges };
}

/** What of a model decides where things lie; while it stays the same, nothing moves. */
export function structureOf(model: GraphModel): string {
  return [...model.nodes.map((node) => `${node.run.ulid}(${node.kinds})`), ...model.edges.map((edge) => `${edge.source}.${edge.output}>${edge.id}`)].join("|");
}

/** The first output of a run in which something is; undefined if there is none. */
export function firstFilled(node: GraphNode | undefined): string | undefined {
  return node?.outputs.find((port) => (node.run.progress.outputs[port.name] ?? 0) > 0)?.name;
}

function worded(port: Port): string {
  return `${port.name}:${port.kind}`;
}

function outputNames(run: RunSummary, shelf: Shelf): string[] {
  return Object.keys(shelf.protocols.get(run.protocol)?.output_kinds ?? run.progress.outputs);
}

function kindOf(ulid: string, output: string, shelf: Shelf): string {
  const run = shelf.runs.get(ulid);
  return run ? outputKind(run, output, shelf) : "";
}

function spread(ports: [string, string][]): Port[] {
  return ports.map(([name, kind], at) => ({ name, kind, y: (CARD.height * (at + 1)) / (ports.length + 1) }));
}
