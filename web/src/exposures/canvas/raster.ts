import { ramp, type Contrast } from "./contrast";
import type { Size, View } from "./view";

/** Grey values of a micrograph, row by row, each the mean of `scale` by `scale` of its pixels. */
export interface Grey extends Size {
  values: Uint8Array;
  scale: number;
}

/** Where particles are, in pixels of the micrograph; 0 is the centre of the first. */
export interface Marks {
  x: readonly number[];
  y: readonly number[];
  /** px */
  radius: number;
}

/**
 * What is at a pixel of the screen: its grey value, and above that how much of it a circle covers, from 0 to `COVERS`;
 * `BESIDE` if it is beside the micrograph. What of that is seen with a contrast is looked up in a table.
 */
export type Cells = Uint16Array<ArrayBuffer>;

export const COVERS = 3;
export const BESIDE = 256 * (COVERS + 1);
const CIRCLE = [98, 198, 214] as const;
export const VOID = [13, 14, 16] as const;
const STRONGEST = 0.95;

/** Where each pixel of the screen begins along one axis of the grey values; there is one more than there are pixels. */
function edges(length: number, centre: number, zoom: number, scale: number): Float64Array {
  return Float64Array.from({ length: length + 1 }, (_, at) => ((at - length / 2) / zoom + centre) / scale);
}

/** The first and the last pixel of the screen, the latter not included, whose middle lies on the micrograph. */
function covered(along: Float64Array, length: number): [first: number, end: number] {
  const middle = (at: number) => ((along[at] ?? 0) + (along[at + 1] ?? 0)) / 2;
  let [first, end] = [0, along.length - 1];
  while (first < end && middle(first) < 0) first++;
  while (end > first && middle(end - 1) >= length) end--;
  return [first, end];
}

/**
 * Fills cells with grey values as they are seen: each the mean of what its pixel covers, or the nearest one where that
 * is less than one value.
 *
 * `zoom` of the view is here in pixels of the screen for each of the micrograph.
 */
export function fillGrey(cells: Cells, screen: Size, { values, width, height, scale }: Grey, view: View): void {
  const columns = edges(screen.width, view.x, view.zoom, scale);
  const rows = edges(screen.height, view.y, view.zoom, scale);
  const [left, right] = covered(columns, width);
  const [top, bottom] = covered(rows, height);
  cells.fill(BESIDE);
  const fill = view.zoom * scale > 1 ? fillNearest : fillMeans;
  if (left < right) fill(cells, screen.width, values, { width, height }, { along: columns, first: left, end: right }, { along: rows, first: top, end: bottom });
}

interface Span {
  along: Float64Array;
  first: number;
  end: number;
}

function fillNearest(cells: Cells, stride: number, values: Uint8Array, { width }: Size, columns: Span, rows: Span): void {
  const middle = ({ along }: Span, at: number) => Math.floor(((along[at] ?? 0) + (along[at + 1] ?? 0)) / 2);
  const across = Int32Array.from({ length: columns.end - columns.first }, (_, at) => middle(columns, columns.first + at));
  for (let row = rows.first; row < rows.end; row++) {
    const from = middle(rows, row) * width;
    const to = row * stride + columns.first;
    for (let at = 0; at < across.length; at++) cells[to + at] = values[from + (across[at] ?? 0)] ?? 0;
  }
}

function fillMeans(cells: Cells, stride: number, values: Uint8Array, { width, height }: Size, columns: Span, rows: Span): void {
  const sums = new Float64Array(width + 2); // of what a row of the screen covers, up to each column; the last stands twice
  const row = new Float64Array(width);
  const count = columns.end - columns.first;
  const ends = Float64Array.from({ length: count + 1 }, (_, at) => Math.min(Math.max(columns.along[columns.first + at] ?? 0, 0), width));
  const whole = Int32Array.from(ends, Math.floor);
  const parts = ends.map((end, at) => end - (whole[at] ?? 0));
  for (let line = rows.first; line < rows.end; line++) {
    const [begin, end] = [Math.max(rows.along[line] ?? 0, 0), Math.min(rows.along[line + 1] ?? 0, height)];
    sumRows(row, values, width, begin, end);
    for (let at = 0, sum = 0; at < width; at++) sums[at + 1] = sum += row[at] ?? 0;
    sums[width + 1] = sums[width] ?? 0;
    let [before, to] = [0, line * stride + columns.first];
    for (let at = 0; at <= count; at++) {
      const left = whole[at] ?? 0;
      const below = sums[left] ?? 0;
      const until = below + (parts[at] ?? 0) * ((sums[left + 1] ?? 0) - below);
      if (at > 0) cells[to++] = (until - before) / ((end - begin) * ((ends[at] ?? 0) - (ends[at - 1] ?? 0))) + 0.5;
      before = until;
    }
  }
}

/** The sum of the rows from one place to another, of which the first and the last may be covered in part. */
function sumRows(row: Float64Array, values: Uint8Array, width: number, begin: number, end: number): void {
  const first = Math.floor(begin);
  const ofFirst = Math.min(first + 1, end) - begin;
  for (let at = 0, from = first * width; at < width; at++, from++) row[at] = ofFirst * (values[from] ?? 0);
  for (let line = first + 1; line < end; line++) {
    const share = Math.min(line + 1, end) - line;
    for (let at = 0, from = line * width; at < width; at++, from++) row[at] = (row[at] ?? 0) + share * (values[from] ?? 0);
  }
}

/** Pixels of a circle about a place, and how much of each it covers, as cells tell it. */
export interface Circle {
  dx: Int16Array;
  dy: Int16Array;
  cover: Uint16Array;
  reach: number;
}

/** A circle; `radius` and half the width of its line in pixels of the screen. */
export function circleOf(radius: number, line: number): Circle {
  const reach = Math.ceil(radius + line);
  const [dx, dy, covers]: [number[], number[], number[]] = [[], [], []];
  for (let y = -reach; y <= reach; y++) {
    const inner = Math.floor(Math.sqrt(Math.max(0, Math.max(0, radius - line) ** 2 - y * y)));
    for (let x = inner; x <= reach; x++) {
      const cover = Math.round(COVERS * Math.min(1, (line - Math.abs(Math.hypot(x, y) - radius)) / line + 0.3));
      if (cover <= 0) continue;
      for (const side of x === 0 ? [0] : [x, -x]) {
        dx.push(side);
        dy.push(y);
        covers.push(cover << 8);
      }
    }
  }
  return { dx: Int16Array.from(dx), dy: Int16Array.from(dy), cover: Uint16Array.from(covers), reach };
}

/** Draws circles of the same size over cells; what of them is beside the micrograph is left out. */
export function drawCircles(cells: Cells, { width, height }: Size, circle: Circle, marks: Marks, view: View): void {
  const { dx, dy, cover, reach } = circle;
  const away = Int32Array.from(dx, (x, at) => (dy[at] ?? 0) * width + x);
  for (let mark = 0; mark < marks.x.length; mark++) {
    const x = Math.floor(((marks.x[mark] ?? 0) + 0.5 - view.x) * view.zoom + width / 2);
    const y = Math.floor(((marks.y[mark] ?? 0) + 0.5 - view.y) * view.zoom + height / 2);
    if (x < -reach || y < -reach || x >= width + reach || y >= height + reach) continue;
    const inside = x >= reach && y >= reach && x < width - reach && y < height - reach;
    const middle = y * width + x;
    for (let at = 0; at < away.length; at++) {
      if (!inside && !isOn(x + (dx[at] ?? 0), width)) continue;
      const cell = middle + (away[at] ?? 0);
      const known = cells[cell] ?? BESIDE;
      const covered = cover[at] ?? 0;
      if (known < covered) cells[cell] = (known & 255) | covered; // never beside the micrograph, which is more than any
    }
  }
}

function isOn(at: number, length: number): boolean {
  return at >= 0 && at < length;
}

/** The colour of every value that a cell can have, as the screen stores it. */
export function colours(contrast: Contrast): Uint32Array<ArrayBuffer> {
  const bytes = new Uint8ClampedArray(4 * (BESIDE + 1));
  const [factor, offset] = ramp(contrast);
  for (let cover = 0; cover <= COVERS; cover++) {
    const share = (STRONGEST * cover) / COVERS;
    for (let grey = 0; grey < 256; grey++) {
      const shade = 255 * Math.min(1, Math.max(0, (grey / 255) * factor + offset));
      bytes.set([...CIRCLE.map((colour) => shade + share * (colour - shade)), 255], 4 * (256 * cover + grey));
    }
  }
  bytes.set([...VOID, 255], 4 * BESIDE);
  return new Uint32Array(bytes.buffer);
}

/** Looks the colour of every cell up. */
export function paint(pixels: Uint32Array, cells: Cells, table: Uint32Array): void {
  for (let at = 0; at < pixels.length; at++) pixels[at] = table[cells[at] ?? BESIDE] ?? 0;
}
