import type { ElkExtendedEdge, ElkNode, ElkPoint } from "elkjs/lib/elk-api";
import { depthsOf } from "./depths";
import { CARD, COLUMN, type GraphModel } from "./model";

export interface Place {
  x: number;
  y: number;
}

/** Where the cards lie, and along which points their connections go. */
export interface Layout {
  width: number;
  height: number;
  places: ReadonlyMap<string, Place>;
  routes: ReadonlyMap<string, Place[]>;
}

const OPTIONS = {
  "elk.algorithm": "layered",
  "elk.direction": "RIGHT",
  "elk.edgeRouting": "ORTHOGONAL",
  "elk.spacing.nodeNode": "28",
  "elk.spacing.edgeNode": "16",
  "elk.spacing.edgeEdge": "10",
  "elk.spacing.componentComponent": "48",
  "elk.layered.spacing.nodeNodeBetweenLayers": String(COLUMN - CARD.width),
  "elk.layered.spacing.edgeNodeBetweenLayers": "18",
  "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
  "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
};

/** A long chain of few runs is wrapped into bands, so that its cards stay readable. */
const WRAPPED = { "elk.layered.wrapping.strategy": "MULTI_EDGE", "elk.layered.wrapping.additionalEdgeSpacing": "24", "elk.layered.wrapping.correctionFactor": "1" };
const SHRUNK = 0.75; // the zoom below which a chain is better wrapped

/** The question to the layout engine, for a canvas of some size. */
export function asked(model: GraphModel, width: number, height: number): ElkNode {
  const columns = 1 + Math.max(0, ...depthsOf(model).values());
  const long = columns * COLUMN * SHRUNK > width;
  return {
    id: "graph",
    layoutOptions: { ...OPTIONS, ...(long ? WRAPPED : {}), "elk.aspectRatio": String(width / height) },
    children: model.nodes.map(({ run, inputs, outputs }) => ({
      id: run.ulid,
      ...CARD,
      layoutOptions: { "elk.portConstraints": "FIXED_POS" },
      ports: [
        ...inputs.map((port) => ({ id: `${run.ulid}<${port.name}`, x: 0, y: port.y, width: 0, height: 0, layoutOptions: { "elk.port.side": "WEST" } })),
        ...outputs.map((port) => ({ id: `${run.ulid}>${port.name}`, x: CARD.width, y: port.y, width: 0, height: 0, layoutOptions: { "elk.port.side": "EAST" } })),
      ],
    })),
    edges: model.edges.map((edge) => ({ id: edge.id, sources: [`${edge.source}>${edge.output}`], targets: [`${edge.target}<${edge.input}`] })),
  };
}

/** The answer of the layout engine in our words. */
export function told(answer: ElkNode): Layout {
  return {
    width: answer.width ?? 0,
    height: answer.height ?? 0,
    places: new Map(answer.children?.map((child) => [child.id, { x: child.x ?? 0, y: child.y ?? 0 }])),
    routes: new Map(answer.edges?.map((edge) => [edge.id, route(edge)])),
  };
}

function route(edge: ElkExtendedEdge): Place[] {
  const points = edge.sections?.flatMap((section): ElkPoint[] => [section.startPoint, ...(section.bendPoints ?? []), section.endPoint]) ?? [];
  return points.map(({ x, y }) => ({ x, y }));
}

const ROUND = 8; // px

/** A path through points whose corners are rounded. */
export function rounded(points: readonly Place[]): string {
  const [first, ...rest] = points;
  if (!first) return "";
  const steps = rest.map((corner, at) => {
    const before = points[at] ?? first;
    const after = rest[at + 1];
    if (!after) return `L${corner.x} ${corner.y}`;
    const radius = Math.min(ROUND, distance(before, corner) / 2, distance(corner, after) / 2);
    const [start, end] = [towards(corner, before, radius), towards(corner, after, radius)];
    return `L${start.x} ${start.y}Q${corner.x} ${corner.y} ${end.x} ${end.y}`;
  });
  return `M${first.x} ${first.y}${steps.join("")}`;
}

function distance(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}

function towards(from: Place, to: Place, by: number): Place {
  const length = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}

/** The card that is nearest in a direction; those straight ahead count as nearer than those aside. */
export function neighbour(places: ReadonlyMap<string, Place>, from: string, key: string): string | null {
  const start = places.get(from);
  const ahead = AHEAD[key];
  if (!start || !ahead) return null;
  let best: { id: string; cost: number } | null = null;
  for (const [id, place] of places) {
    const [dx, dy] = [place.x - start.x, place.y - start.y];
    const forward = dx * ahead.x + dy * ahead.y;
    const aside = Math.abs(dx * ahead.y) + Math.abs(dy * ahead.x);
    if (id === from || forward < 8 || (ahead.y !== 0 && aside > CARD.width)) continue;
    const cost = forward + 2 * aside;
    if (!best || cost < best.cost) best = { id, cost };
  }
  return best?.id ?? null;
}

const AHEAD: Record<string, Place> = { ArrowRight: { x: 1, y: 0 }, ArrowLeft: { x: -1, y: 0 }, ArrowDown: { x: 0, y: 1 }, ArrowUp: { x: 0, y: -1 } };

const MARGIN = 28; // px around everything
const NEAREST = 1.15;
export const FARTHEST = 0.04;

/** The zoom below which cards show only what can be read from there. */
export const FAR = 0.5;

/** The view in which all of a layout fits into a box, not nearer than cards are made for. */
export function fitted(layout: Pick<Layout, "width" | "height">, width: number, height: number) {
  const zoom = Math.max(FARTHEST, Math.min(NEAREST, (width - 2 * MARGIN) / layout.width, (height - 2 * MARGIN) / layout.height));
  return { x: (width - zoom * layout.width) / 2, y: (height - zoom * layout.height) / 2, zoom };
}
