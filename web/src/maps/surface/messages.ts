import type { Grid } from "../grid";

/** Triangles of a surface; places in Å from the middle of the map. */
export interface SurfaceMesh {
  positions: Float32Array;
  normals: Float32Array;
  indices: Uint32Array;
}

/** What the worker is told: a map to keep under a name, or a surface to draw of one that it keeps. */
export type Asked = { kept: string; grid: Grid } | { kept: string; level: number; job: number };

/** The surface, or a sentence that says why there is none. */
export type Answered = { job: number; mesh: SurfaceMesh } | { job: number; failed: string };
