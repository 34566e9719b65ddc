import type { Grid } from "../grid";
import type { Answered, Asked, SurfaceMesh } from "./messages";

/** Finds surfaces beside the page, so that it stays at hand meanwhile. */
export interface Mesher {
  surface: (name: string, grid: Grid, level: number) => Promise<SurfaceMesh>;
  end: () => void;
}

export function createMesher(): Mesher {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const told = new Map<string, Grid>();
  const waiting = new Map<number, (mesh: SurfaceMesh) => void>();
  let job = 0;
  const tell = (asked: Asked) => worker.postMessage(asked);
  worker.onmessage = ({ data }: MessageEvent<Answered>) => {
    waiting.get(data.job)?.(data.mesh);
    waiting.delete(data.job);
  };
  return {
    surface: (name, grid, level) => {
      if (told.get(name) !== grid) tell({ kept: name, grid });
      told.set(name, grid);
      job += 1;
      const mine = job;
      return new Promise((resolve) => {
        waiting.set(mine, resolve);
        tell({ kept: name, level, job: mine });
      });
    },
    end: () => worker.terminate(),
  };
}
