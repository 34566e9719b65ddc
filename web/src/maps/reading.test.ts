import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "../api/problems";
import { readGrid } from "./reading";

afterEach(() => void vi.unstubAllGlobals());

const signal = new AbortController().signal;

function answering(body: BodyInit, init: ResponseInit = {}): void {
  vi.stubGlobal("fetch", () => Promise.resolve(new Response(body, init)));
}

async function saidOf(reading: Promise<unknown>): Promise<string> {
  try {
    await reading;
  } catch (error) {
    if (error instanceof ApiError) return error.problem.message;
    throw error;
  }
  return "";
}

test("a file of more than 1 GB is not read", async () => {
  let read = false;
  const endless = new ReadableStream({ pull: () => void (read = true) }, { highWaterMark: 0 });
  answering(endless, { headers: { "Content-Length": String(2 ** 30 + 1) } });
  expect(await saidOf(readGrid("/map", signal))).toMatch(/1\.1 GB.*Download it/);
  expect(read).toBe(false);
});

const COMPRESSED: Record<string, number[]> = { gzip: [0x1f, 0x8b, 8], bzip2: [0x42, 0x5a, 0x68, 0x39], xz: [0xfd, 0x37, 0x7a, 0x58, 0x5a], zstd: [0x28, 0xb5, 0x2f, 0xfd], ZIP: [0x50, 0x4b, 3, 4] };

test.each(Object.keys(COMPRESSED))("of a map compressed with %s it is said why it is not shown, and what to do", async (name) => {
  answering(Uint8Array.from([...(COMPRESSED[name] ?? []), ...Array<number>(2000).fill(7)]));
  expect(await saidOf(readGrid("/map", signal))).toMatch(new RegExp(`compressed with ${name}.*unpack it.*import`));
});

test("what is no MRC file is said to be none", async () => {
  answering(Uint8Array.from([0x49, 0x49, 0x2a, 0, ...Array<number>(2000).fill(200)]));
  expect(await saidOf(readGrid("/map", signal))).toMatch(/no MRC file.*download it/i);
});

test("what the server says is said", async () => {
  answering(JSON.stringify({ message: "map.mrc is not there any more." }), { status: 404 });
  expect(await saidOf(readGrid("/map", signal))).toBe("map.mrc is not there any more.");
});
