import { ApiError, problemFrom } from "../api/problems";
import { bytes } from "../kit/format";
import type { Grid } from "./grid";
import { parseMrc } from "./mrc";

const MOST_BYTES = 2 ** 30; // of a file; a browser holds it several times over while it is drawn

/** The map that lies at an address. Throws an `ApiError` whose sentence says what to do. */
export async function readGrid(address: string, signal: AbortSignal): Promise<Grid> {
  const answer = await fetch(address, { signal, credentials: "same-origin" });
  if (!answer.ok) throw new ApiError(answer.status, problemFrom(answer.status, await answer.json().catch(() => null)));
  const size = Number(answer.headers.get("Content-Length"));
  if (size > MOST_BYTES) {
    await answer.body?.cancel();
    const { value, unit } = bytes(size);
    throw refused(413, `This map has ${value} ${unit}, and more than 1 GB is not read into a browser. Download it to look at it in a program of your own, or resample it to larger pixels and look at that.`);
  }
  try {
    return parseMrc(await answer.arrayBuffer());
  } catch (error) {
    if (signal.aborted) throw error;
    throw refused(422, error instanceof RangeError ? "This map is too large for the memory that the browser gives to this page. Close other maps, or download it." : error instanceof Error ? error.message : "The map cannot be shown.");
  }
}

function refused(status: number, message: string): ApiError {
  return new ApiError(status, problemFrom(status, { message }));
}
