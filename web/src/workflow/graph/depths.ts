import { grouped } from "../../kit/grouped";
import type { GraphModel } from "./model";

/** For each run, how many runs stand before it in its longest chain. */
export function depthsOf(model: GraphModel): Map<string, number> {
  const sources = grouped(model.edges, (edge) => edge.target);
  const depths = new Map<string, number>();
  const visit = (run: string): number => {
    const known = depths.get(run);
    if (known !== undefined) return known;
    depths.set(run, 0);
    const depth = Math.max(0, ...(sources.get(run) ?? []).map((edge) => 1 + visit(edge.source)));
    depths.set(run, depth);
    return depth;
  };
  model.nodes.forEach((node) => visit(node.run.ulid));
  return depths;
}
