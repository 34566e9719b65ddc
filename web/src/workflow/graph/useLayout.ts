import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import ELK from "elkjs/lib/elk-api";
import elkWorker from "elkjs/lib/elk-worker.min.js?url";
import { asked, told, type Layout } from "./layout";
import { structureOf, type GraphModel } from "./model";
import { plainLayout } from "./plain";

const MANY = 250; // runs, from which on looks give way to speed

const elk = new ELK({ workerFactory: () => new Worker(elkWorker) });

/** Where the cards lie: worked out beside the page, once for each structure; counts that change move nothing. Nothing is asked while the width is 0. */
export function useLayout(model: GraphModel, width: number, height: number): UseQueryResult<Layout> {
  return useQuery({
    queryKey: ["layout", structureOf(model)],
    queryFn: async () => (model.nodes.length > MANY ? plainLayout(model, width / height) : told(await elk.layout(asked(model, width, height)))),
    enabled: width > 0 && height > 0,
    placeholderData: keepPreviousData,
    structuralSharing: false,
    retry: false,
    gcTime: 60_000,
  });
}
