import { answered, api } from "./client";
import type { components } from "./schema";

type Schemas = components["schemas"];

const place = (project: string, run: string) => ({ params: { path: { project, run } } });

/** What people ask of runs; each answers when the server has taken it in. */
export const startRun = (project: string, run: string) => answered(api.POST("/api/projects/{project}/runs/{run}/start", place(project, run)));
export const stopRun = (project: string, run: string) => answered(api.POST("/api/projects/{project}/runs/{run}/stop", place(project, run)));
export const closeSource = (project: string, run: string) => answered(api.POST("/api/projects/{project}/runs/{run}/close", place(project, run)));
export const retryFailed = (project: string, run: string) => answered(api.POST("/api/projects/{project}/runs/{run}/retry", place(project, run)));

export const annotate = (project: string, run: string, body: Schemas["Annotation"]) =>
  answered(api.PUT("/api/projects/{project}/runs/{run}/annotations", { ...place(project, run), body }));

export const changeDraft = (project: string, run: string, change: Schemas["DraftChange"]) =>
  answered(api.PATCH("/api/projects/{project}/runs/{run}", { ...place(project, run), body: change }));

export const addRun = (project: string, run: Schemas["NewRun"]) =>
  answered(api.POST("/api/projects/{project}/runs", { params: { path: { project } }, body: run }));

export const decide = (project: string, run: string, body: Schemas["NewDecision"]) =>
  answered(api.PUT("/api/projects/{project}/runs/{run}/decision", { ...place(project, run), body }));

export const keepRows = (project: string, run: string, output: string, body: Schemas["NewSubset"]) =>
  answered(api.POST("/api/projects/{project}/runs/{run}/outputs/{output}/subset", { params: { path: { project, run, output } }, body }));

const inProject = (project: string) => ({ params: { path: { project } } });

export const measureStorage = (project: string) => answered(api.POST("/api/projects/{project}/storage/measure", inProject(project)));

export const cleanStorage = (project: string, digests: Record<string, string>) =>
  answered(api.POST("/api/projects/{project}/storage/clean", { ...inProject(project), body: { digests } }));

export const restoreRuns = (project: string, runs: string[]) =>
  answered(api.POST("/api/projects/{project}/storage/restore", { ...inProject(project), body: { runs } }));

/** Keeps exposures of a session by other thresholds. */
export const setThresholds = (project: string, body: Schemas["NewThresholds"]) =>
  answered(api.PUT("/api/projects/{project}/session/thresholds", { params: { path: { project } }, body }));

/** Keeps an exposure or leaves it out. */
export const setVerdict = ({ project, run, output }: { project: string; run: string; output: string }, item: string, body: Schemas["NewVerdict"]) =>
  answered(api.PUT("/api/projects/{project}/runs/{run}/outputs/{output}/exposures/{item}/verdict", { params: { path: { project, run, output, item } }, body }));

export const createProject = (name: string) => answered(api.POST("/api/projects", { body: { name } }));
