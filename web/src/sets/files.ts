import { api } from "../api/client";
import { ApiError, problemFrom } from "../api/problems";
import { saveBlob } from "../kit/saving";
import type { RowsAsked } from "./useRows";

/** Kinds of items of which RELION has a file. */
const WITH_STAR: Readonly<Record<string, true>> = { movies: true, micrographs: true, coordinates: true, particles: true };

export function hasStar(kind: string): boolean {
  return kind in WITH_STAR;
}

/** Where the rows that are asked for are had as CSV. */
export function tableAddress({ project, run, output, filter, sort, descending }: RowsAsked): string {
  const query = new URLSearchParams({ ...(filter && { filter }), ...(sort && { sort }), ...(descending && { descending: "true" }) });
  const home = `/api/projects/${project}/runs/${run}/outputs/${encodeURIComponent(output)}/table`;
  return query.size > 0 ? `${home}?${query.toString()}` : home;
}

/** Saves the rows that are asked for as RELION's file of such items; what the server says of the file. */
export async function saveStar({ project, run, output, filter, sort, descending }: RowsAsked): Promise<string[]> {
  const { data, error, response } = await api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/star", {
    params: { path: { project, run, output }, query: { filter, sort, descending } },
    parseAs: "blob",
  });
  if (!response.ok || !data) throw new ApiError(response.status, problemFrom(response.status, error));
  saveBlob(data, nameIn(response.headers.get("Content-Disposition")) ?? `${output}.star`);
  return remarksIn(response.headers.get("Cryoloom-Remarks"));
}

export function nameIn(disposition: string | null): string | null {
  return disposition?.match(/filename="([^"]+)"/)?.[1] ?? null;
}

export function remarksIn(header: string | null): string[] {
  return header ? (JSON.parse(decodeURIComponent(header)) as string[]) : [];
}
