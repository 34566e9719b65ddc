import { computeMarchingCubesMesh } from "molstar/lib/mol-geo/util/marching-cubes/algorithm.js";
import { Tensor } from "molstar/lib/mol-math/linear-algebra/tensor.js";
import type { Grid } from "../grid";
import type { Answered, Asked, SurfaceMesh } from "./messages";

const kept = new Map<string, Grid>();

self.onmessage = ({ data }: MessageEvent<Asked>) => {
  if ("grid" in data) kept.set(data.kept, data.grid);
  else void answer(data);
};

async function answer({ kept: name, level, job }: { kept: string; level: number; job: number }) {
  const grid = kept.get(name);
  if (!grid) return;
  const mesh = await surfaceOf(grid, level);
  const answered: Answered = { job, mesh };
  self.postMessage(answered, { transfer: [mesh.positions.buffer, mesh.normals.buffer, mesh.indices.buffer] });
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
