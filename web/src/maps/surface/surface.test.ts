import { afterEach, describe, expect, it, vi } from "vitest";
import type { Grid } from "../grid";
import { Surfaces } from "./answering";
import { createMesher } from "./mesher";
import type { Answered, Asked, SurfaceMesh } from "./messages";

/** A ball that falls off to all sides. */
const ball: Grid = { size: [16, 16, 16], data: Float32Array.from({ length: 16 ** 3 }, (_, at) => -Math.hypot((at % 16) - 8, (Math.floor(at / 16) % 16) - 8, Math.floor(at / 256) - 8)), voxel: 2 };

describe("what the worker answers", () => {
  it("is a surface of the map that it keeps", async () => {
    const surfaces = new Surfaces();
    expect(await surfaces.answer({ kept: "map", grid: ball })).toBeNull();
    const answered = await surfaces.answer({ kept: "map", level: -5, job: 7 });
    if (answered === null || !("mesh" in answered)) throw new Error("no surface");
    expect(answered.job).toBe(7);
    const [x = 0, y = 0, z = 0] = answered.mesh.positions;
    expect(Math.hypot(x, y, z)).toBeCloseTo(10, 0); // Å
  });

  it("is a sentence where there is too much to draw, and where something fails", async () => {
    const surfaces = new Surfaces();
    const alternating = Float32Array.from({ length: 180 ** 3 }, (_, at) => at % 2);
    await surfaces.answer({ kept: "map", grid: { size: [180, 180, 180], data: alternating, voxel: 1 } });
    expect(await surfaces.answer({ kept: "map", level: 0.5, job: 1 })).toMatchObject({ job: 1, failed: expect.stringContaining("Choose a higher level") as string });
    await surfaces.answer({ kept: "torn", grid: { ...ball, data: null as unknown as Float32Array } });
    expect(await surfaces.answer({ kept: "torn", level: 0.5, job: 2 })).toMatchObject({ job: 2, failed: expect.stringContaining("could not be found") as string });
    expect(await surfaces.answer({ kept: "mask", level: 0.5, job: 3 })).toMatchObject({ job: 3, failed: expect.stringContaining("load the page anew") as string });
  });
});

/** A worker that answers when it is told to. */
class Puppet {
  static last: Puppet;
  onmessage: ((event: { data: Answered }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly told: Asked[] = [];
  constructor() {
    Puppet.last = this;
  }
  postMessage(asked: Asked) {
    this.told.push(asked);
  }
}

describe("the page", () => {
  afterEach(() => void vi.unstubAllGlobals());
  const mesh: SurfaceMesh = { positions: new Float32Array(9), normals: new Float32Array(9), indices: new Uint32Array(3) };

  it("is told what the worker says, each question its own answer", async () => {
    vi.stubGlobal("Worker", Puppet);
    const mesher = createMesher();
    const [good, bad] = [mesher.surface("map", ball, 1), mesher.surface("map", ball, 2)];
    expect(Puppet.last.told).toHaveLength(3); // the map once
    Puppet.last.onmessage?.({ data: { job: 2, failed: "Too large; choose a higher level." } });
    Puppet.last.onmessage?.({ data: { job: 1, mesh } });
    expect(await good).toBe(mesh);
    await expect(bad).rejects.toThrow("Too large; choose a higher level.");
  });

  it("is told when the worker has stopped, at once and ever after", async () => {
    vi.stubGlobal("Worker", Puppet);
    const mesher = createMesher();
    const waiting = mesher.surface("map", ball, 1);
    Puppet.last.onerror?.();
    await expect(waiting).rejects.toThrow("Load the page anew");
    await expect(mesher.surface("map", ball, 2)).rejects.toThrow("Load the page anew");
  });
});
