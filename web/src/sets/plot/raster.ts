/** A density as pixels, the more rows the lighter, by the logarithm of their number; the highest y comes first. */
export function pixelsOf(counts: readonly number[], columns: number): Uint8ClampedArray<ArrayBuffer> {
  const lines = counts.length / columns;
  const pixels = new Uint8ClampedArray(4 * counts.length);
  const most = Math.log1p(counts.reduce((one, other) => Math.max(one, other), 0));
  counts.forEach((count, at) => {
    const line = lines - 1 - Math.floor(at / columns);
    const shade = count === 0 ? 0 : 48 + (207 * Math.log1p(count)) / most;
    pixels.set([shade, shade, shade, 255], 4 * (line * columns + (at % columns)));
  });
  return pixels;
}

/** The same as the address of a picture. */
export function pictureOf(counts: readonly number[], columns: number): string {
  const canvas = document.createElement("canvas");
  canvas.width = columns;
  canvas.height = counts.length / columns;
  canvas.getContext("2d")?.putImageData(new ImageData(pixelsOf(counts, columns), columns), 0, 0);
  return canvas.toDataURL();
}
