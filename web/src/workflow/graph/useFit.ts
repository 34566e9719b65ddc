import { useReactFlow } from "@xyflow/react";
import { useCallback } from "react";
import { fitted, type Layout } from "./layout";

/** Shows all of the graph in a canvas of some size. */
export function useFit(layout: Layout | undefined, width: number, height: number): () => Promise<boolean> {
  const flow = useReactFlow();
  return useCallback(async () => (layout ? flow.setViewport(fitted(layout, width, height)) : false), [flow, layout, width, height]);
}
