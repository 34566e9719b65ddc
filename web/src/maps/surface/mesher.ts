import type { Grid } from "../grid";
import type { Answered, Asked, SurfaceMesh } from "./messages";

/** Finds surfaces beside the page, so that it stays at hand meanwhile. What is thrown is a sentence for people. */
export interface Mesher {
  surface: (name: string, grid: Grid, level: number) => Promise<SurfaceMesh>;
  end: () => void;
}

const STOPPED = "The part of the page that finds surfaces has stopped, or could not be loaded. Load the page anew; the slices below show the map all the same.";

interface Waiting {
  resolve: (mesh: SurfaceMesh) => void;
  reject: (why: Error) => void;
}

export function createMesher(): Mesher {
  const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  const told = new Map<string, Grid>();
  const waiting = new Map<number, Waiting>();
  let job = 0;
  let stopped = false;
  const tell = (asked: Asked) => worker.postMessage(asked);
  worker.onmessage = ({ data }: MessageEvent<Answered>) => {
    const one = waiting.get(data.job);
    waiting.delete(data.job);
    if ("mesh" in data) one?.resolve(data.mesh);
    else one?.reject(new Error(data.failed));
  };
  worker.onerror = worker.onmessageerror = () => {
    stopped = true;
    waiting.forEach(({ reject }) => reject(new Error(STOPPED)));
    waiting.clear();
  };
  return {
    surface: (name, grid, level) =>
      new Promise((resolve, reject) => {
        if (stopped) throw new Error(STOPPED);
        if (told.get(name) !== grid) tell({ kept: name, grid });
        told.set(name, grid);
        job += 1;
        waiting.set(job, { resolve, reject });
        tell({ kept: name, level, job });
      }),
    end: () => worker.terminate(),
  };
}
