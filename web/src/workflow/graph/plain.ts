import { grouped } from "../../kit/grouped";
import { depthsOf } from "./depths";
import type { Layout, Place } from "./layout";
import { CARD, COLUMN, type GraphModel, type GraphNode } from "./model";

const LINE = CARD.height + 28; // px, from card to card below
const APART = 64; // px, between what is not connected

interface Block {
  places: Map<string, Place>;
  width: number;
  height: number;
}

/** A layout that takes no time, for graphs of very many runs: columns by depth, and what is connected stays together. */
export function plainLayout(model: GraphModel, aspect: number): Layout {
  const depths = depthsOf(model);
  const blocks = connected(model).map((nodes) => block(nodes, depths));
  const area = blocks.reduce((sum, one) => sum + (one.width + APART) * (one.height + APART), 0);
  const places = new Map<string, Place>();
  const total = shelved(blocks, Math.sqrt(area * aspect), places);
  return { ...total, places, routes: routesOf(model, places) };
}

/** Runs that are connected with each other, in the order of their first. */
function connected(model: GraphModel): GraphNode[][] {
  const head = new Map(model.nodes.map((node) => [node.run.ulid, node.run.ulid]));
  const find = (run: string): string => {
    let top = run;
    for (let next = head.get(top); next !== undefined && next !== top; next = head.get(top)) top = next;
    head.set(run, top);
    return top;
  };
  for (const edge of model.edges) head.set(find(edge.target), find(edge.source));
  return [...grouped(model.nodes, (node) => find(node.run.ulid)).values()];
}

function block(nodes: readonly GraphNode[], depths: ReadonlyMap<string, number>): Block {
  const columns = grouped(nodes, (node) => depths.get(node.run.ulid) ?? 0);
  const tallest = Math.max(...[...columns.values()].map((column) => column.length));
  const places = new Map<string, Place>();
  for (const [depth, column] of columns) {
    const top = ((tallest - column.length) * LINE) / 2;
    column.forEach((node, at) => places.set(node.run.ulid, { x: depth * COLUMN, y: top + at * LINE }));
  }
  return { places, width: Math.max(...columns.keys()) * COLUMN + CARD.width, height: tallest * LINE - (LINE - CARD.height) };
}

/** Puts blocks side by side on shelves of some width, and says how much room they take. */
function shelved(blocks: readonly Block[], width: number, places: Map<string, Place>): { width: number; height: number } {
  let [left, top, height, widest] = [0, 0, 0, 0];
  for (const one of blocks) {
    if (left > 0 && left + one.width > width) [left, top, height] = [0, top + height + APART, 0];
    for (const [run, { x, y }] of one.places) places.set(run, { x: left + x, y: top + y });
    widest = Math.max(widest, left + one.width);
    height = Math.max(height, one.height);
    left += one.width + APART;
  }
  return { width: widest, height: top + height };
}

function routesOf(model: GraphModel, places: ReadonlyMap<string, Place>): Map<string, Place[]> {
  const nodes = new Map(model.nodes.map((node) => [node.run.ulid, node]));
  const routes = new Map<string, Place[]>();
  for (const edge of model.edges) {
    const [from, to] = [places.get(edge.source), places.get(edge.target)];
    const start = nodes.get(edge.source)?.outputs.find((port) => port.name === edge.output);
    const end = nodes.get(edge.target)?.inputs.find((port) => port.name === edge.input);
    if (!from || !to || !start || !end) continue;
    const [x, y0, y1] = [to.x - (COLUMN - CARD.width) / 2, from.y + start.y, to.y + end.y];
    routes.set(edge.id, [{ x: from.x + CARD.width, y: y0 }, { x, y: y0 }, { x, y: y1 }, { x: to.x, y: y1 }]);
  }
  return routes;
}
