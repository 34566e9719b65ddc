import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { cleanStorage, measureStorage, restoreRuns } from "../api/acts";
import { answered, api } from "../api/client";
import { followStream } from "../api/stream";
import type { AllStorage } from "../api/types";
import { changedIn } from "./words";

export const allStorageQuery = queryOptions({
  queryKey: ["storage"],
  queryFn: () => answered(api.GET("/api/storage")),
  staleTime: 0,
});

export const storageQuery = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "storage"],
    queryFn: () => answered(api.GET("/api/projects/{project}/storage", { params: { path: { project } } })),
    staleTime: 0,
  });

/** Follows the storage of all projects while a page shows it. */
export function useStorageEvents(): void {
  const client = useQueryClient();
  useEffect(() => {
    const take = (message: MessageEvent<string>) => {
      const told = JSON.parse(message.data) as AllStorage;
      const before = client.getQueryData(allStorageQuery.queryKey);
      client.setQueryData(allStorageQuery.queryKey, told);
      for (const project of changedIn(before, told)) void client.invalidateQueries({ queryKey: storageQuery(project).queryKey });
    };
    return followStream(() => "/api/storage-events", { on: { storage: take }, refused: () => void client.invalidateQueries({ queryKey: allStorageQuery.queryKey, refetchType: "all" }) });
  }, [client]);
}

/** The storage of a project, which is measured when nobody has done so yet, and what can be done about it. */
export function useStorage(project: string) {
  const client = useQueryClient();
  const storage = useQuery(storageQuery(project));
  const onSuccess = (told: NonNullable<typeof storage.data>) => client.setQueryData(storageQuery(project).queryKey, told);
  const measuring = useMutation({ mutationFn: () => measureStorage(project), onSuccess });
  const cleaning = useMutation({ mutationFn: (digests: Record<string, string>) => cleanStorage(project, digests), onSuccess });
  const restoring = useMutation({ mutationFn: (runs: string[]) => restoreRuns(project, runs), onSuccess });
  const asked = useRef("");
  const { mutate: measure } = measuring;
  const unknown = storage.data?.measure === null && storage.data.task === null && storage.data.problem === "" && storage.data.read_only === "";
  useEffect(() => {
    if (!unknown || asked.current === project) return;
    asked.current = project;
    measure();
  }, [unknown, project, measure]);
  return { storage, measuring, cleaning, restoring, failure: cleaning.error ?? measuring.error ?? restoring.error };
}

export type Storage = ReturnType<typeof useStorage>;
