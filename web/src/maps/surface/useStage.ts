import { useEffect, useState, type RefObject } from "react";
import { latestOnly } from "../latest";
import { createMesher, type Mesher } from "./mesher";
import { createScene, type Scene } from "./scene";

/** What surfaces are found by and drawn on. */
export interface Stage {
  scene: Scene;
  mesher: Mesher;
  /** Queues for the map and for the mask: of levels that are gone by nothing is drawn. */
  queues: Record<"map" | "mask", (job: () => Promise<void>) => void>;
}

/** A stage in a box of the page; the error if it cannot be set up. */
export function useStage(box: RefObject<HTMLElement | null>): { stage: Stage | null; failed: boolean } {
  const [stage, setStage] = useState<Stage | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let end: (() => void) | null = null;
    const beginning = requestAnimationFrame(() => {
      const scene = box.current && attempt(box.current);
      setFailed(scene === null);
      if (!scene || !box.current) return;
      const mesher = createMesher();
      const watcher = new ResizeObserver(() => scene.resize());
      watcher.observe(box.current);
      setStage({ scene, mesher, queues: { map: latestOnly(), mask: latestOnly() } });
      end = () => {
        watcher.disconnect();
        mesher.end();
        scene.end();
        setStage(null);
      };
    });
    return () => {
      cancelAnimationFrame(beginning);
      end?.();
    };
  }, [box]);
  return { stage, failed };
}

function attempt(place: HTMLElement): Scene | null {
  try {
    return createScene(place, matchMedia("(prefers-reduced-motion: reduce)").matches);
  } catch {
    return null;
  }
}
