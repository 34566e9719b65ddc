import type { Contrast } from "./contrast";
import { circleOf, colours, drawCircles, fillGrey, paint, VOID, type Cells, type Grey, type Marks } from "./raster";
import type { Size, View } from "./view";

const LINE = 1.3; // CSS pixels

/** What is drawn, but for its contrast. */
export interface Scene {
  /** Null: it is on its way. */
  grey: Grey | null;
  marks: Marks | null;
  view: View;
  /** Of the canvas, in CSS pixels. */
  box: Size;
  pixelRatio: number;
}

/**
 * A canvas with a micrograph and circles about its picks.
 *
 * What is seen is worked out once for each place that is looked at; a contrast is looked up in a table for each pixel,
 * and nothing lies over the image, so that one layer without transparency goes to the screen. Where no graphics
 * processor helps, that is several times faster than a shader with the circles on a layer of their own.
 */
export class Stage {
  private readonly context: CanvasRenderingContext2D;
  private cells: Cells | null = null;
  private image: ImageData | null = null;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const context = canvas.getContext("2d", { alpha: false });
    if (!context) throw new Error("This browser has lost its drawing surface; load the page anew.");
    this.context = context;
  }

  /** Works out what is seen; `draw` shows it. */
  look({ grey, marks, view, box, pixelRatio }: Scene): void {
    const screen = { width: Math.round(box.width * pixelRatio), height: Math.round(box.height * pixelRatio) };
    const close = { ...view, zoom: view.zoom * pixelRatio };
    this.fit(screen);
    if (!grey) {
      this.cells = null;
      return;
    }
    this.cells ??= new Uint16Array(screen.width * screen.height);
    fillGrey(this.cells, screen, grey, close);
    if (marks) drawCircles(this.cells, screen, circleOf(marks.radius * close.zoom, LINE * pixelRatio), marks, close);
  }

  draw(contrast: Contrast): void {
    if (!this.cells || !this.image) {
      this.context.fillStyle = `rgb(${VOID.join(" ")})`;
      this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
      return;
    }
    paint(new Uint32Array(this.image.data.buffer), this.cells, colours(contrast));
    this.context.putImageData(this.image, 0, 0);
  }

  private fit({ width, height }: Size): void {
    if (this.image && this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
    this.image = this.context.createImageData(width, height);
    this.cells = null;
  }
}
