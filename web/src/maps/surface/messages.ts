import type { Grid } from "../grid";

/** Triangles of a surface; places in Å from the middle of the map. */
export interface SurfaceMesh {
  positions: Float32Array;
  normals: Float32Array;
  indices: Uint32Array;
}

/** What the worker is told: a map to keep under a name, or a surface to draw of one that it keeps. */
export type Asked = { kept: string; grid: Grid } | { kept: string; level: number; job: number };

export interface Answered {
  job: number;
  mesh: SurfaceMesh;
}
