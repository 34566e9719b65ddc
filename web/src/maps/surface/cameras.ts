import { createContext } from "react";
import type { Scene, View } from "./scene";

/** Scenes that are seen from the same side: where one is turned, the others follow. */
export class Cameras {
  private readonly scenes = new Set<Scene>();
  private last: View | null = null;

  /** Lets a scene take part; it is seen as the others are. Returns what ends that. */
  join(scene: Scene): () => void {
    let settled = false;
    this.scenes.add(scene);
    const end = scene.watch((view) => {
      if (!settled && this.last) scene.lookFrom(this.last);
      else this.follow(scene, view);
      settled = true;
    });
    return () => {
      end();
      this.scenes.delete(scene);
      if (this.scenes.size === 0) this.last = null;
    };
  }

  private follow(turned: Scene, view: View) {
    this.last = view;
    this.scenes.forEach((scene) => scene !== turned && scene.lookFrom(view));
  }
}

/** The cameras that surfaces on a part of a page share; null: each is turned by itself. */
export const SharedCameras = createContext<Cameras | null>(null);
