/** What of a micrograph is seen: the place in the middle, in its pixels, and CSS pixels for each of them. */
export interface View {
  x: number;
  y: number;
  zoom: number;
}

/** Width and height. */
export interface Size {
  width: number;
  height: number;
}

const CLOSEST = 8; // CSS pixels for a pixel of the micrograph
const SHOWN_AT_FIRST = 2048; // pixels along the longer edge of what is drawn while nobody looks closely
const MOST_PIXELS = 6144 * 6144; // that the server sends at once

/** The whole micrograph, as large as the box allows. */
export function fitted(image: Size, box: Size): View {
  return { x: image.width / 2, y: image.height / 2, zoom: Math.min(box.width / image.width, box.height / image.height) };
}

/** Nearer or farther; the place at `from`, in CSS pixels from the middle of the box, stays where it is. */
export function zoomed(view: View, factor: number, image: Size, box: Size, from = { x: 0, y: 0 }): View {
  const least = fitted(image, box).zoom;
  const zoom = Math.min(Math.max(view.zoom * factor, least), Math.max(CLOSEST, least));
  const held = 1 / view.zoom - 1 / zoom;
  return within({ x: view.x + from.x * held, y: view.y + from.y * held, zoom }, image, box);
}

/** Moved by CSS pixels. */
export function moved(view: View, dx: number, dy: number, image: Size, box: Size): View {
  return within({ ...view, x: view.x - dx / view.zoom, y: view.y - dy / view.zoom }, image, box);
}

/** A view that shows no more than has to be shown of what is beside the micrograph. */
export function within({ x, y, zoom }: View, image: Size, box: Size): View {
  return { x: inside(x, image.width, box.width / zoom), y: inside(y, image.height, box.height / zoom), zoom };
}

function inside(at: number, length: number, seen: number): number {
  return seen >= length ? length / 2 : Math.min(Math.max(at, seen / 2), length - seen / 2);
}

/** By how much the image is made smaller before it is sent, if nobody looks closely. */
export function firstScale({ width, height }: Size): number {
  return Math.max(1, Math.ceil(Math.max(width, height) / SHOWN_AT_FIRST));
}

/** The same for a view: as first, until its pixels would be seen one by one. */
export function scaleFor(view: View, image: Size, pixelRatio: number): number {
  const first = firstScale(image);
  const finest = Math.ceil(Math.sqrt((image.width * image.height) / MOST_PIXELS));
  return view.zoom * pixelRatio * first > 1.6 ? Math.max(1, finest) : first;
}

const LENGTHS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]; // nm

/** A scale bar of about so many CSS pixels: its length in nm, and in CSS pixels. */
export function scaleBar(view: View, pixelSize: number, about: number): { length: number; width: number } {
  const each = (10 * view.zoom) / pixelSize; // CSS pixels for a nm
  const length = LENGTHS.findLast((one) => one * each <= about) ?? 1;
  return { length, width: length * each };
}
