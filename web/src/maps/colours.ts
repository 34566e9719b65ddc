/** Colours of local resolution, from fine to coarse; told apart by lightness as well as by hue. */
export const STOPS = [0x3c80a0, 0x80bcc8, 0xdedcd0, 0xe2b284, 0xd6765c] as const;

/** What has no local resolution. */
export const UNKNOWN = 0x6b7477;

/** The colour, 0xRRGGBB, of a resolution in Å between the finest and the coarsest; places without one have 0. */
export function colourOf(resolution: number, [finest, coarsest]: readonly [number, number]): number {
  if (!(resolution > 0)) return UNKNOWN;
  const last = STOPS.length - 1;
  const place = last * Math.min(1, Math.max(0, (resolution - finest) / Math.max(coarsest - finest, 1e-6)));
  const at = Math.min(last - 1, Math.floor(place));
  return mixed(STOPS[at] ?? 0, STOPS[at + 1] ?? 0, place - at);
}

export function css(colour: number): string {
  return `#${colour.toString(16).padStart(6, "0")}`;
}

function mixed(a: number, b: number, share: number): number {
  const channel = (shift: number) => Math.round(((a >> shift) & 255) * (1 - share) + ((b >> shift) & 255) * share) << shift;
  return channel(16) | channel(8) | channel(0);
}
