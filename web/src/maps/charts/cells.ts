/** One shade of a map of densities: all its cells as one path on a grid of unit squares. */
export interface Shade {
  /** From 0, nothing, to 1, the densest. */
  share: number;
  path: string;
}

const SHADES = 12;

/** A map of densities in shades of equal steps, cells of one shade in a row drawn as one. */
export function shadesOf(density: readonly (readonly (number | null)[])[]): Shade[] {
  const most = Math.max(...density.flatMap((row) => row.map((one) => one ?? 0)), 1e-9);
  const paths = new Map<number, string[]>();
  density.forEach((row, y) => {
    let start = 0;
    for (let x = 1; x <= row.length; x += 1) {
      const shade = shadeOf(row[start], most);
      if (x < row.length && shadeOf(row[x], most) === shade) continue;
      if (shade !== null) paths.set(shade, [...(paths.get(shade) ?? []), `M${start} ${y}h${x - start}v1h${start - x}z`]);
      start = x;
    }
  });
  return [...paths].sort(([a], [b]) => a - b).map(([shade, parts]) => ({ share: shade / SHADES, path: parts.join("") }));
}

function shadeOf(value: number | null | undefined, most: number): number | null {
  return value == null ? null : Math.round((SHADES * value) / most);
}
