import { Surfaces } from "./answering";
import type { Asked } from "./messages";

const surfaces = new Surfaces();

self.onmessage = ({ data }: MessageEvent<Asked>) => void answer(data);

async function answer(asked: Asked) {
  const answered = await surfaces.answer(asked);
  if (answered === null) return;
  const transfer = "mesh" in answered ? [answered.mesh.positions.buffer, answered.mesh.normals.buffer, answered.mesh.indices.buffer] : [];
  self.postMessage(answered, { transfer });
}
