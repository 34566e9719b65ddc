import { answered, api } from "../api/client";
import type { components } from "../api/schema";

type Schemas = components["schemas"];

export const signOut = () => answered(api.POST("/api/session/end"));

export const changeSharing = (project: string, body: Schemas["SharingChange"]) =>
  answered(api.PUT("/api/projects/{project}/sharing", { params: { path: { project } }, body }));

export const previewHandover = (project: string, to: string, keep: Schemas["HandoverPreview"]["keep"]) =>
  answered(api.GET("/api/projects/{project}/handover", { params: { path: { project }, query: { to, keep } } }));

export const handOver = (project: string, body: Schemas["Handover"]) =>
  answered(api.POST("/api/projects/{project}/handover", { params: { path: { project } }, body }));

export const issueToken = (body: Schemas["NewToken"]) => answered(api.POST("/api/tokens", { body }));

export const revokeToken = (token: string) => answered(api.DELETE("/api/tokens/{token}", { params: { path: { token } } }));

export const decideOnPerson = (person: string, body: Schemas["PersonDecision"]) =>
  answered(api.PUT("/api/people/{person}", { params: { path: { person } }, body }));
