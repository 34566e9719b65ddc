import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import type { Grey, Marks } from "./canvas/raster";
import { firstScale, scaleFor, type View } from "./canvas/view";
import type { SetPlace } from "./places";
import { exposureQuery, exposuresQuery, imageQuery } from "./queries";
import { neighbours, type Sorting } from "./table";
import { useOrder } from "./useOrder";
import { useReadAhead } from "./useReadAhead";

const UNKNOWN_DIAMETER = 150; // Å, of picks that do not tell

/** An exposure with its image, as closely as it is looked at, and those beside it, which are read ahead. */
export function useMicrograph(place: SetPlace, id: string, sorting: Sorting, view: View | null, lowPass: number | null) {
  const table = useQuery({ ...exposuresQuery(place), placeholderData: keepPreviousData });
  const exposure = useQuery(exposureQuery(place, id));
  const found = exposure.data;
  const scale = found ? (view ? scaleFor(view, found, devicePixelRatio) : firstScale(found)) : 1;
  const coarse = found ? firstScale(found) : 1;
  const first = useQuery({ ...imageQuery(place, id, coarse, lowPass), enabled: found !== undefined });
  const closer = useQuery({ ...imageQuery(place, id, scale, lowPass), enabled: found !== undefined && scale !== coarse });
  const order = useOrder(table.data, sorting);
  const beside = useMemo(() => neighbours(table.data?.ids ?? [], order, id), [table.data, order, id]);
  const readAhead = useReadAhead(place);
  const ready = first.data !== undefined;
  useEffect(() => {
    if (!ready) return;
    for (const one of [beside.next, beside.previous]) if (one) readAhead(one, lowPass);
  }, [ready, beside.next, beside.previous, readAhead, lowPass]);
  const [picks, pixelSize] = [found?.picks, found?.pixel_size ?? 1];
  const marks = useMemo<Marks | null>(() => (picks ? { x: picks.x, y: picks.y, radius: (picks.diameter ?? UNKNOWN_DIAMETER) / pixelSize / 2 } : null), [picks, pixelSize]);
  const near = closer.data !== undefined && scale !== coarse;
  const [values, shown] = near ? [closer.data, scale] : [first.data, coarse];
  const [width, height] = [found?.width ?? 0, found?.height ?? 0];
  const grey = useMemo<Grey | null>(() => values ? { values, width: Math.floor(width / shown), height: Math.floor(height / shown), scale: shown } : null, [values, width, height, shown]);
  return { table: table.data, exposure, order, beside, grey, failed: first.error, marks };
}
