import { queryOptions } from "@tanstack/react-query";
import { answered, api } from "../api/client";
import { ApiError, problemFrom } from "../api/problems";
import { runQuery } from "../api/queries";
import { imageAddress, type SetPlace } from "./places";

const KEPT = 60_000; // ms that an image which is not shown any more is kept in memory
const path = ({ project, run, output }: SetPlace) => ({ project, run, output });

/** All exposures of a set; it lies below its run, so that it is read anew when the run goes on. */
export const exposuresQuery = (place: SetPlace) =>
  queryOptions({
    queryKey: [...runQuery(place.project, place.run).queryKey, "exposures", place.output],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/exposures", { params: { path: path(place) } })),
    structuralSharing: false,
  });

export const exposureQuery = (place: SetPlace, item: string) =>
  queryOptions({
    queryKey: [...runQuery(place.project, place.run).queryKey, "exposure", place.output, item],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/exposures/{item}", { params: { path: { ...path(place), item } } })),
  });

/** Of what is decided about all exposures of a set. */
export const verdictsKey = (place: SetPlace) => [...runQuery(place.project, place.run).queryKey, "verdict", place.output];

export const verdictQuery = (place: SetPlace, item: string) =>
  queryOptions({
    queryKey: [...verdictsKey(place), item],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/exposures/{item}/verdict", { params: { path: { ...path(place), item } } })),
  });

/** A spectrum along its rings, which the server measures again; of one fit it stays the same. */
export const ringsQuery = (place: SetPlace, item: string, fit: string) =>
  queryOptions({
    queryKey: ["rings", place, item, fit],
    queryFn: () => answered(api.GET("/api/projects/{project}/runs/{run}/outputs/{output}/exposures/{item}/rings", { params: { path: { ...path(place), item } } })),
    gcTime: 5 * KEPT,
  });

/** The grey values of a micrograph; an event does not make the browser read it again. */
export const imageQuery = (place: SetPlace, item: string, scale: number, lowPass: number | null) =>
  queryOptions({
    queryKey: ["grey", place, item, scale, lowPass],
    queryFn: async ({ signal }) => {
      const answer = await fetch(imageAddress(place, item, scale, lowPass), { credentials: "same-origin", signal });
      if (!answer.ok) throw new ApiError(answer.status, problemFrom(answer.status, await answer.json().catch(() => null)));
      return new Uint8Array(await answer.arrayBuffer());
    },
    gcTime: KEPT,
    structuralSharing: false,
  });
