export type Vector = readonly [number, number, number];

/** A vector turned about an axis of length 1 by an angle in radians (Rodrigues). */
export function turned(v: Vector, axis: Vector, angle: number): Vector {
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const along = (1 - c) * dot(axis, v);
  const across = cross(axis, v);
  return [0, 1, 2].map((at) => c * (v[at] ?? 0) + s * (across[at] ?? 0) + along * (axis[at] ?? 0)) as unknown as Vector;
}

export function cross(a: Vector, b: Vector): Vector {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

export function dot(a: Vector, b: Vector): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function unit(v: Vector): Vector {
  const length = Math.sqrt(dot(v, v)) || 1;
  return [v[0] / length, v[1] / length, v[2] / length];
}
