import { expect, test } from "vitest";
import { parseMrc } from "./mrc";

interface Made {
  mode?: number;
  axes?: readonly [number, number, number];
  extended?: number;
  little?: boolean;
}

/** A file of 2 × 3 × 4 voxels that count from 0, as MRC has it. */
function made({ mode = 2, axes = [1, 2, 3], extended = 0, little = true }: Made = {}): ArrayBuffer {
  const bytes = mode === 2 ? 4 : 2;
  const file = new ArrayBuffer(1024 + extended + 24 * bytes);
  const view = new DataView(file);
  [2, 3, 4, mode].forEach((value, at) => view.setInt32(4 * at, value, little));
  [2, 3, 4].forEach((value, at) => view.setInt32(28 + 4 * at, value, little));
  view.setFloat32(40, 3, little);
  axes.forEach((axis, at) => view.setInt32(64 + 4 * at, axis, little));
  view.setInt32(92, extended, little);
  view.setUint8(212, little ? 0x44 : 0x11);
  for (let at = 0; at < 24; at += 1) {
    if (mode === 2) view.setFloat32(1024 + extended + 4 * at, at, little);
    else view.setInt16(1024 + extended + 2 * at, mode === 12 ? [0, 0x3c00, 0x4000, 0xc200][at % 4] ?? 0 : at, little);
  }
  return file;
}

const COUNTED = Array.from({ length: 24 }, (_, at) => at);

test("voxels, size and pixel size are those of the file", () => {
  const grid = parseMrc(made({ extended: 160 }));
  expect([grid.size, grid.voxel]).toEqual([[2, 3, 4], 1.5]);
  expect([...grid.data]).toEqual(COUNTED);
});

test("numbers of the other order of bytes and of other kinds are read", () => {
  expect([...parseMrc(made({ little: false })).data]).toEqual(COUNTED);
  expect([...parseMrc(made({ mode: 1 })).data]).toEqual(COUNTED);
  expect([...parseMrc(made({ mode: 12 })).data].slice(0, 4)).toEqual([0, 1, 2, -3]);
});

test("a file that runs along z first is turned", () => {
  const grid = parseMrc(made({ axes: [3, 2, 1] }));
  expect(grid.size).toEqual([4, 3, 2]);
  expect([...grid.data].slice(0, 4)).toEqual([0, 6, 12, 18]);
});

test("what is no whole map is said in a sentence", () => {
  expect(() => parseMrc(new ArrayBuffer(7))).toThrow("shorter than its header");
  expect(() => parseMrc(made().slice(0, 1060))).toThrow("not read whole");
  expect(() => parseMrc(made({ mode: 4 }))).toThrow("mode 4");
});
