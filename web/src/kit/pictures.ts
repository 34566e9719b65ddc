import type { RunSummary } from "../api/types";

export type PictureSize = "card" | "panel";

const EXACT = 16; // items up to which every one of them may change the picture

/** Where the picture of a run is; the key makes a browser ask anew. */
export function pictureAddress(project: string, run: string, size: PictureSize, key: string): string {
  return `/api/projects/${project}/runs/${run}/picture?size=${size}&of=${encodeURIComponent(key)}`;
}

/** Changes when the picture of a run may have: at every item at first, and the more rarely the more there are. */
export function pictureKey({ attempt, state, ended, progress }: RunSummary): string {
  const counts = [progress.done, ...Object.values(progress.outputs)].map(coarse);
  return [attempt, state === "finished" ? (ended ?? "") : "", ...counts].join(".");
}

function coarse(items: number): number {
  return items <= EXACT ? items : EXACT + Math.floor(8 * Math.log2(items / EXACT));
}
