import type { Curve, MapEntry, WhichMap } from "../api/types";

/** Where a map's own things are asked for. */
export function mapAddress(project: string, { run, output, item }: MapEntry): string {
  return `/api/projects/${project}/runs/${run}/outputs/${output}/volumes/${item}`;
}

/** What tells a map from every other, of other runs and of other rounds too. */
export function mapKey({ run, output, item, file }: MapEntry): string {
  return JSON.stringify([run, output, item, file]);
}

export function fileAddress(project: string, entry: MapEntry, which: WhichMap): string {
  return `${mapAddress(project, entry)}/file?which=${which}`;
}

/** Where the numbers of a chart are had as CSV. */
export function tableAddress(project: string, run: string, chart: Curve | "views", map: string): string {
  return `/api/projects/${project}/runs/${run}/${chart === "views" ? chart : `curves/${chart}`}/table?map=${map}`;
}

export const FILE_WORDS: Record<WhichMap, string> = {
  map: "Map",
  half1: "Half map 1",
  half2: "Half map 2",
  mask: "Mask",
  local_resolution: "Local resolution",
};
