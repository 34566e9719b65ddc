import { useEffect, useRef, type RefObject } from "react";
import { hasWebGL } from "../../kit/webgl";
import type { Contrast } from "./contrast";
import { ImageStage, MarkStage, type Marks } from "./stage";
import type { Size, View } from "./view";

/** What is to be drawn. */
export interface Drawn {
  grey: Uint8Array | undefined;
  /** Of the micrograph, in its pixels. */
  image: Size;
  scale: number;
  marks: Marks | null;
  view: View | null;
  contrast: Contrast;
  box: Size | null;
}

type Canvas = RefObject<HTMLCanvasElement | null>;

/** Keeps two canvases, of the image and of the marks over it, as they are to be, at most once for each frame of the screen. */
export function useStage(below: Canvas, above: Canvas, { grey, image, scale, marks, view, contrast, box }: Drawn): void {
  const images = useRef<ImageStage | null>(null);
  const circles = useRef<MarkStage | null>(null);
  const { width, height } = image;
  const [x, y, zoom] = [view?.x ?? 0, view?.y ?? 0, view?.zoom ?? 0];
  useEffect(() => {
    if (!below.current || !above.current || !hasWebGL()) return;
    const [image, marks] = [new ImageStage(below.current), new MarkStage(above.current)];
    images.current = image;
    circles.current = marks;
    return () => {
      image.end();
      marks.end();
    };
  }, [below, above]);
  useEffect(() => {
    images.current?.setImage(grey ?? null, { width: Math.floor(width / scale), height: Math.floor(height / scale) }, scale);
  }, [grey, width, height, scale]);
  useEffect(() => {
    circles.current?.setMarks(marks);
  }, [marks]);
  useEffect(() => {
    if (!box || zoom === 0) return;
    const frame = requestAnimationFrame(() => images.current?.draw({ x, y, zoom }, contrast, box, devicePixelRatio));
    return () => cancelAnimationFrame(frame);
  }, [grey, width, height, scale, x, y, zoom, contrast, box]);
  useEffect(() => {
    if (!box || zoom === 0) return;
    const frame = requestAnimationFrame(() => circles.current?.draw({ x, y, zoom }, box, devicePixelRatio));
    return () => cancelAnimationFrame(frame);
  }, [marks, x, y, zoom, box]);
}
