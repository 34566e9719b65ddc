import { describe, expect, it, vi } from "vitest";
import { DEVIATIONS, USUAL } from "./contrast";
import { BESIDE, circleOf, colours, COVERS, drawCircles, fillGrey, paint, VOID } from "./raster";
import { Watched } from "./watched";

const screen = { width: 8, height: 6 };
const cells = () => new Uint16Array(screen.width * screen.height);
const row = (of: Uint16Array, at: number) => [...of.subarray(at * screen.width, (at + 1) * screen.width)];

describe("grey", () => {
  it("is the mean of all that a pixel of the screen covers, and void beside the micrograph", () => {
    const values = Uint8Array.from({ length: 16 * 8 }, (_, at) => 10 * (at % 16)); // a ramp along x
    const seen = cells();
    fillGrey(seen, screen, { values, width: 16, height: 8, scale: 1 }, { x: 8, y: 4, zoom: 0.5 });
    expect(row(seen, 0)).toEqual(new Array(8).fill(BESIDE));
    for (const line of [1, 2, 3, 4]) expect(row(seen, line)).toEqual([5, 25, 45, 65, 85, 105, 125, 145]);
    expect(row(seen, 5)).toEqual(new Array(8).fill(BESIDE));
  });

  it("keeps its mean when a pixel covers parts of others", () => {
    const values = Uint8Array.from({ length: 20 * 15 }, (_, at) => (at * 37) % 256);
    const seen = cells();
    fillGrey(seen, screen, { values, width: 20, height: 15, scale: 1 }, { x: 10, y: 7.5, zoom: 0.4 });
    const mean = (of: ArrayLike<number>) => Array.from(of).reduce((sum, one) => sum + one, 0) / of.length;
    expect(Math.max(...seen)).toBeLessThan(256);
    expect(mean(seen)).toBeCloseTo(mean(values), 0);
  });

  it("shows pixels one by one from close by, from where the view says", () => {
    const values = Uint8Array.from({ length: 16 }, (_, at) => at);
    const seen = cells();
    fillGrey(seen, screen, { values, width: 4, height: 4, scale: 2 }, { x: 4, y: 4, zoom: 2 });
    expect(row(seen, 0)).toEqual([5, 5, 5, 5, 6, 6, 6, 6]); // 4 pixels of the screen for each value
    expect(row(seen, 3)).toEqual([9, 9, 9, 9, 10, 10, 10, 10]);
  });
});

describe("circles", () => {
  const wide = { width: 64, height: 64 };

  it("lie about the middle of their pick, leave the grey values, and end at the edge", () => {
    const seen = new Uint16Array(64 * 64).fill(77);
    drawCircles(seen, wide, circleOf(10, 1), { x: [31.5, 0], y: [31.5, 31.5], radius: 10 }, { x: 32, y: 32, zoom: 1 });
    const marked = [...seen.entries()].filter(([, cell]) => cell >> 8 > 0);
    const away = marked.map(([at]) => Math.min(Math.hypot((at % 64) - 32, Math.floor(at / 64) - 32), Math.hypot(at % 64, Math.floor(at / 64) - 32)));
    expect(marked.length).toBeGreaterThan(90);
    expect(Math.min(...away)).toBeGreaterThan(8.5);
    expect(Math.max(...away)).toBeLessThan(11.5);
    expect(seen.every((cell) => (cell & 255) === 77)).toBe(true);
    expect(marked.some(([at]) => at % 64 === 10) && !marked.some(([at]) => at % 64 > 45)).toBe(true); // none on the other side
  });

  it("are not drawn beside the micrograph", () => {
    const seen = new Uint16Array(64 * 64).fill(BESIDE);
    drawCircles(seen, wide, circleOf(10, 1), { x: [31], y: [31], radius: 10 }, { x: 32, y: 32, zoom: 1 });
    expect(seen.every((cell) => cell === BESIDE)).toBe(true);
  });
});

describe("colours", () => {
  const shown = (cell: number, contrast = USUAL) => {
    const pixels = new Uint32Array(1);
    paint(pixels, Uint16Array.of(cell), colours(contrast));
    return [...new Uint8Array(pixels.buffer)];
  };
  const grey = (deviations: number) => Math.round((255 * (deviations + DEVIATIONS)) / (2 * DEVIATIONS));

  it("are black and white where the contrast says", () => {
    expect(shown(grey(-3))).toEqual([0, 0, 0, 255]);
    expect(shown(grey(3.1))).toEqual([255, 255, 255, 255]);
    expect(shown(grey(-4), { ...USUAL, inverted: true })).toEqual([255, 255, 255, 255]);
    expect(Math.abs((shown(127)[0] ?? 0) - 127)).toBeLessThan(3);
  });

  it("tell circles and what lies beside from the image", () => {
    const [red = 0, , blue = 0] = shown((COVERS << 8) | 127);
    expect(blue - red).toBeGreaterThan(90);
    expect(shown(BESIDE)).toEqual([...VOID, 255]);
  });
});

it("tells who watches, until they do not any more", () => {
  const watched = new Watched(1);
  const told = vi.fn();
  const stop = watched.watch(told);
  watched.set(2);
  stop();
  watched.set(3);
  expect([told.mock.calls.length, watched.value]).toEqual([1, 3]);
});
