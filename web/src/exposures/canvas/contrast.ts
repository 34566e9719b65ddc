/** Which grey values are black and white, in standard deviations from the mean. */
export interface Contrast {
  black: number;
  white: number;
  inverted: boolean;
}

export const DEVIATIONS = 5; // at grey values 0 and 255
export const USUAL: Contrast = { black: -3, white: 3, inverted: false };
const LEAST = 0.2; // between black and white

/** With another black or white, which push each other along. */
export function withEnd(contrast: Contrast, end: "black" | "white", value: number): Contrast {
  const at = Math.min(DEVIATIONS, Math.max(-DEVIATIONS, value));
  if (end === "black") {
    const black = Math.min(at, DEVIATIONS - LEAST);
    return { ...contrast, black, white: Math.max(contrast.white, black + LEAST) };
  }
  const white = Math.max(at, LEAST - DEVIATIONS);
  return { ...contrast, white, black: Math.min(contrast.black, white - LEAST) };
}

/** What the shader makes of a grey value from 0 to 1: a factor, and what is added. */
export function ramp({ black, white, inverted }: Contrast): [factor: number, offset: number] {
  const factor = (2 * DEVIATIONS) / (white - black);
  const offset = -(black + DEVIATIONS) / (white - black);
  return inverted ? [-factor, 1 - offset] : [factor, offset];
}

/** How many pixels there are of each of so many grey values, as shares of the most frequent one. */
export function histogram(grey: Uint8Array, bins: number): number[] {
  const counts = new Array<number>(bins).fill(0);
  const step = Math.max(1, Math.floor(grey.length / 65_536));
  for (let at = 0; at < grey.length; at += step) {
    const bin = Math.floor(((grey[at] ?? 0) * bins) / 256);
    counts[bin] = (counts[bin] ?? 0) + 1;
  }
  const most = Math.max(1, ...counts.slice(1, -1));
  return counts.map((count) => Math.min(1, count / most));
}
