import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { firstScale } from "./canvas/view";
import type { SetPlace } from "./places";
import { exposureQuery, imageQuery } from "./queries";

/** What cannot be read ahead is said on its own page. */
const leftToItsPage = () => undefined;

/** Reads an exposure and its image before they are looked at. */
export function useReadAhead({ project, run, output }: SetPlace): (id: string, lowPass: number | null) => void {
  const client = useQueryClient();
  return useCallback(
    (id, lowPass) => {
      const place = { project, run, output };
      client
        .query(exposureQuery(place, id))
        .then((found) => client.query(imageQuery(place, id, firstScale(found), lowPass)))
        .catch(leftToItsPage);
    },
    [client, project, run, output],
  );
}
