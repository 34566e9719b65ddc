import { QueryCache, QueryClient, queryOptions } from "@tanstack/react-query";
import { answered, api } from "./client";
import { followed, identified } from "./events";
import { ApiError, isSignedOut } from "./problems";
import { noteSignedOut } from "./signedOut";
import type { Curve, MapEntry } from "./types";

const BUSY = 503; // the server has too much to do: asked again after one, two, four, eight seconds

/** Answers stay as they are until an event or an act of the person says otherwise: nothing is asked for by the clock. */
export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: (error) => isSignedOut(error) && noteSignedOut() }),
  defaultOptions: {
    queries: {
      staleTime: Infinity,
      refetchOnWindowFocus: false,
      retry: (times, error) => (error instanceof ApiError ? error.status === BUSY && times < 4 : times < 2),
    },
  },
});

export const machineQuery = queryOptions({
  queryKey: ["machine"],
  queryFn: () => answered(api.GET("/api/machine")),
  staleTime: 0,
});

export const projectsQuery = queryOptions({
  queryKey: ["projects"],
  queryFn: () => answered(api.GET("/api/projects")),
  staleTime: 0,
});

export const unreadableQuery = queryOptions({
  queryKey: ["projects", "unreadable"],
  queryFn: () => answered(api.GET("/api/projects-unreadable")),
  staleTime: 0,
});

export const projectQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project],
    queryFn: () => answered(api.GET("/api/projects/{project}", { params: { path: { project } } })),
  });

export const protocolsQuery = queryOptions({
  queryKey: ["protocols"],
  queryFn: () => answered(api.GET("/api/protocols")),
});

export const protocolQuery = (protocol: string) =>
  queryOptions({
    queryKey: ["protocols", protocol],
    queryFn: () => answered(api.GET("/api/protocols/{protocol}", { params: { path: { protocol } } })),
  });

export const runsQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "runs"],
    queryFn: async () => {
      const list = await answered(api.GET("/api/projects/{project}/runs", { params: { path: { project } } }));
      return followed(project).replayed({ ...list, runs: list.runs.map(identified) });
    },
  });

export const runQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: ["project", project, "run", run],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}", { params: { path: { project, run } } })),
  });

export const predictionQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: ["project", project, "run", run, "prediction"],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/prediction", { params: { path: { project, run } } })),
  });

export const logQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: ["project", project, "run", run, "log"],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/log", { params: { path: { project, run } } })),
  });

/** The classes of a run; it lies below the run, so that it is read anew when the run goes on. */
export const classesQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "classes"],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/classes", { params: { path: { project, run } } })),
  });

export const nextQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "next"],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/next", { params: { path: { project, run } } })),
  });

/** The maps that a run has made, or measured. */
export const mapsQuery = (project: string, run: string) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "maps"],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/maps", { params: { path: { project, run } } })),
  });

export const volumeQuery = (project: string, { run, output, item, file }: MapEntry) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "volume", output, item, file],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/volumes/{item}", { params: { path: { project, run, output, item } } })),
  });

export const curvesQuery = (project: string, run: string, curve: Curve, map: string) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "curves", curve, map],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/curves/{curve}", { params: { path: { project, run, curve }, query: { map } } })),
  });

export const viewsQuery = (project: string, run: string, map: string) =>
  queryOptions({
    queryKey: [...runQuery(project, run).queryKey, "views", map],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/views", { params: { path: { project, run }, query: { map } } })),
  });
