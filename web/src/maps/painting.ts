import { colourOf } from "./colours";
import type { Section } from "./grid";

/** Values that are black and white. */
export type Window = readonly [black: number, white: number];

/** What is laid over a section. */
export interface Overlay {
  mask: Section | null;
  local: { section: Section; range: readonly [number, number] } | null;
}

const EDGE = [0x62, 0xc6, 0xd6] as const;
const INSIDE = 0.5;

/** A window about the same middle; 1 is the whole range, larger is steeper. */
export function steeper([black, white]: Window, contrast: number): Window {
  const [middle, half] = [(black + white) / 2, (white - black) / 2 / contrast];
  return [middle - half, middle + half];
}

/** The pixels, red green blue opaque, of a section: grey, in the colours of the local resolution, with the edge of a mask. */
export function painted(section: Section, [black, white]: Window, { mask, local }: Overlay): Uint8ClampedArray<ArrayBuffer> {
  const { width, height, values } = section;
  const pixels = new Uint8ClampedArray(4 * width * height);
  const scale = 255 / Math.max(white - black, 1e-12);
  for (let at = 0; at < values.length; at += 1) {
    const grey = Math.min(255, Math.max(0, ((values[at] ?? 0) - black) * scale));
    const found = local?.section.values[at] ?? 0;
    const colour = local && found > 0 ? colourOf(found, local.range) : 0xffffff;
    const edge = mask !== null && isEdge(mask, at);
    for (const [place, shift] of [[0, 16], [1, 8], [2, 0]] as const) pixels[4 * at + place] = edge ? EDGE[place] : (grey * ((colour >> shift) & 255)) / 255;
    pixels[4 * at + 3] = 255;
  }
  return pixels;
}

/** Whether a pixel belongs to a mask and one beside it does not. */
function isEdge({ width, values }: Section, at: number): boolean {
  if ((values[at] ?? 0) < INSIDE) return false;
  return [at - 1, at + 1, at - width, at + width].some((beside) => (values[beside] ?? INSIDE) < INSIDE);
}
