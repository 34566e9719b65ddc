import type { Grid } from "./grid";

const HEADER = 1024;
const BYTES: Readonly<Record<number, number | undefined>> = { 0: 1, 1: 2, 2: 4, 6: 2, 12: 2 };

/** What an MRC file holds as a map. Throws a sentence if it cannot be shown. */
export function parseMrc(file: ArrayBuffer): Grid {
  const packed = packingOf(new Uint8Array(file, 0, Math.min(6, file.byteLength)));
  if (packed) throw new Error(`This map is compressed with ${packed}, which is not shown here. Download it and unpack it; to look at it here, import the unpacked file.`);
  if (file.byteLength < HEADER) throw new Error("The map is shorter than its header; it was not read whole.");
  const header = new DataView(file, 0, HEADER);
  const little = header.getUint8(212) !== 0x11;
  const whole = (at: number) => header.getInt32(at, little);
  const stored = [whole(0), whole(4), whole(8)] as const;
  const mode = whole(12);
  const bytes = BYTES[mode];
  if (bytes === undefined) throw new Error(mode >= 0 && mode <= 101 ? `Maps of mode ${mode} cannot be shown here; download it instead.` : "This is no MRC file, and only these are shown here; download it instead.");
  const begin = HEADER + whole(92);
  const count = stored[0] * stored[1] * stored[2];
  if (count <= 0 || file.byteLength < begin + count * bytes) throw new Error("The map is shorter than its header says; it was not read whole.");
  const data = read(file, begin, count, mode, little);
  const axes = [whole(64), whole(68), whole(72)].map((axis) => axis - 1);
  const sampled = whole(28);
  const voxel = sampled > 0 ? header.getFloat32(40, little) / sampled : 1;
  const usual = axes.every((axis, at) => axis === at) || new Set(axes).size !== 3;
  return { ...(usual ? { size: stored, data } : turned(stored, data, axes)), voxel: voxel > 0 ? voxel : 1 };
}

const PACKINGS: readonly (readonly [name: string, beginning: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["ZIP", [0x50, 0x4b, 3, 4]],
];

/** What a file that begins so is compressed with; empty: it is not. */
function packingOf(beginning: Uint8Array): string {
  return PACKINGS.find(([, bytes]) => bytes.every((byte, at) => beginning[at] === byte))?.[0] ?? "";
}

/** The voxels of a file; without a copy where they lie as they are needed. */
function read(file: ArrayBuffer, begin: number, count: number, mode: number, little: boolean): Float32Array {
  if (mode === 2 && little && begin % 4 === 0) return new Float32Array(file, begin, count);
  const view = new DataView(file, begin);
  const at: Record<number, (place: number) => number> = {
    0: (place) => view.getInt8(place),
    1: (place) => view.getInt16(2 * place, little),
    2: (place) => view.getFloat32(4 * place, little),
    6: (place) => view.getUint16(2 * place, little),
    12: (place) => half(view.getUint16(2 * place, little)),
  };
  const value = at[mode] ?? (() => 0);
  return Float32Array.from({ length: count }, (_, place) => value(place));
}

/** A number of 16 bits as IEEE 754 has it. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

/** A map whose file runs along other axes first. */
function turned(stored: readonly [number, number, number], data: Float32Array, axes: readonly number[]): Pick<Grid, "size" | "data"> {
  const size: [number, number, number] = [0, 0, 0];
  axes.forEach((axis, at) => (size[axis] = stored[at] ?? 0));
  const strides = [1, size[0], size[0] * size[1]];
  const [fast = 1, middle = 1, slow = 1] = axes.map((axis) => strides[axis]);
  const out = new Float32Array(data.length);
  let from = 0;
  for (let k = 0; k < stored[2]; k += 1) {
    for (let j = 0; j < stored[1]; j += 1) {
      for (let i = 0; i < stored[0]; i += 1, from += 1) out[i * fast + j * middle + k * slow] = data[from] ?? 0;
    }
  }
  return { size, data: out };
}
