import { useMutation, useQueryClient } from "@tanstack/react-query";
import { projectQuery } from "../api/queries";
import type { SharedWith, Sharing } from "../api/types";
import { changeSharing } from "./acts";
import { sharingQuery } from "./queries";
import { asked } from "./sharing";

/** Shares a project as told; after a refusal the page shows how it is shared now. */
export function useSharing(project: string, sharing: Sharing) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (shares: readonly SharedWith[]) => changeSharing(project, { revision: sharing.revision, shares: asked(shares) }),
    onSuccess: (changed) => client.setQueryData(sharingQuery(project).queryKey, changed),
    onError: () => client.invalidateQueries({ queryKey: sharingQuery(project).queryKey }),
  });
}

/** Takes in that a project has another owner: what one may do there has changed, too. */
export function useHandedOver(project: string): (sharing: Sharing) => Promise<void> {
  const client = useQueryClient();
  return async (sharing) => {
    client.setQueryData(sharingQuery(project).queryKey, sharing);
    await client.invalidateQueries({ queryKey: projectQuery(project).queryKey, exact: true });
  };
}
