import { computeMarchingCubesMesh } from "molstar/lib/mol-geo/util/marching-cubes/algorithm.js";
import { Tensor } from "molstar/lib/mol-math/linear-algebra/tensor.js";
import { crossedCells } from "../cells";
import type { Grid } from "../grid";
import type { Answered, Asked, SurfaceMesh } from "./messages";

const MOST = 4_000_000; // cells that a surface goes through, of one or two triangles each; more fill the memory of a browser

/** Keeps maps, and finds surfaces of them. */
export class Surfaces {
  private readonly kept = new Map<string, Grid>();

  /** The answer to what was asked; null: a map was kept, and nothing was asked for. */
  async answer(asked: Asked): Promise<Answered | null> {
    if ("grid" in asked) {
      this.kept.set(asked.kept, asked.grid);
      return null;
    }
    const { job, level } = asked;
    const grid = this.kept.get(asked.kept);
    if (!grid) return { job, failed: "The map is not there any more; load the page anew." };
    try {
      const cells = crossedCells(grid, level);
      if (cells > MOST) return { job, failed: `At this level the surface is all noise: it goes through some ${Math.round(cells / 1e6)} million places, which is not drawn. Choose a higher level, or look at the slices below.` };
      return { job, mesh: await surfaceOf(grid, level) };
    } catch (error) {
      return { job, failed: `The surface could not be found (${String(error)}): most likely it is too large for the memory of this browser. Choose a higher level, or look at the slices below.` };
    }
  }
}

async function surfaceOf({ size, data, voxel }: Grid, level: number): Promise<SurfaceMesh> {
  const space = Tensor.Space([...size], [2, 1, 0], Float32Array);
  const mesh = await computeMarchingCubesMesh({ isoLevel: level, scalarField: Tensor.create(space, Tensor.Data1(data)) }).run();
  const positions = mesh.vertexBuffer.ref.value.slice(0, 3 * mesh.vertexCount);
  for (let at = 0; at < positions.length; at += 1) positions[at] = ((positions[at] ?? 0) - (size[at % 3] ?? 0) / 2) * voxel;
  return {
    positions,
    normals: mesh.normalBuffer.ref.value.slice(0, 3 * mesh.vertexCount),
    indices: mesh.indexBuffer.ref.value.slice(0, 3 * mesh.triangleCount),
  };
}
