import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { answered, api } from "../api/client";

/** How people sign in here; told to everybody. */
export const waysQuery = queryOptions({
  queryKey: ["sign-in"],
  queryFn: () => answered(api.GET("/sign-in/ways")),
});

/** Who is signed in. */
export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: () => answered(api.GET("/api/me")),
});

/** With whom a project is shared; it lies below the project, so that it is read anew with that. */
export const sharingQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "sharing"],
    queryFn: () => answered(api.GET("/api/projects/{project}/sharing", { params: { path: { project } } })),
    staleTime: 0,
  });

export const LEAST_LETTERS = 3;

/** A few people whose name or address holds a text. */
export const foundQuery = (text: string) =>
  queryOptions({
    queryKey: ["people", "found", text],
    queryFn: () => answered(api.GET("/api/people/found", { params: { query: { text } } })),
    enabled: text.length >= LEAST_LETTERS,
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

export const peopleQuery = queryOptions({
  queryKey: ["people"],
  queryFn: () => answered(api.GET("/api/people")),
  staleTime: 0,
});

export const tokensQuery = queryOptions({
  queryKey: ["tokens"],
  queryFn: () => answered(api.GET("/api/tokens")),
  staleTime: 0,
});

/** Who did what, from the newest back, page by page. */
export const auditQuery = (text: string) =>
  infiniteQueryOptions({
    queryKey: ["audit", text],
    queryFn: ({ pageParam }) => answered(api.GET("/api/audit", { params: { query: { text, before: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.before || undefined,
    staleTime: 0,
  });
