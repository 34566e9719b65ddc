import { useEffect, useRef, type RefObject } from "react";
import type { Contrast } from "./contrast";
import type { Grey, Marks } from "./raster";
import { Stage } from "./stage";
import type { Size, View } from "./view";
import type { Watched } from "./watched";

/** What is to be drawn. */
export interface Drawn {
  grey: Grey | null;
  marks: Marks | null;
  view: View | null;
  contrast: Watched<Contrast>;
  box: Size | null;
}

/** Keeps a canvas as it is to be, at most once for each frame of the screen; a new contrast draws without React. */
export function useStage(canvas: RefObject<HTMLCanvasElement | null>, { grey, marks, view, contrast, box }: Drawn): void {
  const stage = useRef<Stage | null>(null);
  const [x, y, zoom] = [view?.x ?? 0, view?.y ?? 0, view?.zoom ?? 0];
  useEffect(() => {
    if (canvas.current) stage.current = new Stage(canvas.current);
  }, [canvas]);
  useEffect(() => {
    if (!box || zoom === 0) return;
    const frame = requestAnimationFrame(() => {
      stage.current?.look({ grey, marks, view: { x, y, zoom }, box, pixelRatio: devicePixelRatio });
      stage.current?.draw(contrast.value);
    });
    return () => cancelAnimationFrame(frame);
  }, [grey, marks, x, y, zoom, box, contrast]);
  useEffect(() => {
    let frame = 0;
    const stop = contrast.watch(() => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => stage.current?.draw(contrast.value));
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
  }, [contrast]);
}
