import type { AllStorage, StorageCategory, StorageDocument } from "../api/types";
import { bytes, count, duration } from "../kit/format";

/** Bytes with their unit, as text. */
export function size(value: number): string {
  const { value: number, unit } = bytes(value);
  return `${number}\u202f${unit}`;
}

/** What is being done, and how far it is. */
export function taskWords({ kind, done, of }: NonNullable<StorageDocument["task"]>): string {
  const what = kind === "cleaning" ? "Making space" : "Measuring";
  return of > 0 ? `${what}: ${count(done)} of ${count(of)} runs looked at` : `${what} …`;
}

/** The share of a task that is done, from 0 to 1. */
export function shareDone({ done, of }: NonNullable<StorageDocument["task"]>): number {
  return of > 0 ? done / of : 0;
}

/** Whether and when a disk will be full, if that is known. */
export function fullWords(seconds: number | null): string {
  return seconds === null ? "" : seconds < 60 ? "It is nearly full." : `At the pace of the last hour it is full in ${duration(seconds)}.`;
}

/** What goes of some categories together. */
export function together(categories: readonly StorageCategory[], chosen: ReadonlySet<string>): { going: StorageCategory[]; frees: number; files: number; digests: Record<string, string> } {
  const going = categories.filter((one) => chosen.has(one.name) && one.frees_files > 0);
  return {
    going,
    frees: going.reduce((sum, one) => sum + one.frees, 0),
    files: going.reduce((sum, one) => sum + one.frees_files, 0),
    digests: Object.fromEntries(going.map((one) => [one.name, one.digest])),
  };
}

/** STAR files that would name files that are gone. */
export function exportedIn(categories: readonly StorageCategory[]): string[] {
  return [...new Set(categories.flatMap((one) => one.shares.filter((share) => share.goes).flatMap((share) => share.exported_in)))];
}

/** The projects of which something has changed between two tellings. */
export function changedIn(before: AllStorage | undefined, now: AllStorage): string[] {
  const known = new Map(before?.projects.map((one) => [one.project, JSON.stringify(one)]));
  return now.projects.filter((one) => known.get(one.project) !== JSON.stringify(one)).map((one) => one.project);
}
