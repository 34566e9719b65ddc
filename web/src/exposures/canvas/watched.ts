import { useSyncExternalStore } from "react";

/** A value that changes too often for a page to be rendered each time; who wants to know watches it. */
export class Watched<T> {
  private readonly watchers = new Set<() => void>();

  constructor(private now: T) {}

  get value(): T {
    return this.now;
  }

  set(value: T): void {
    this.now = value;
    for (const watcher of this.watchers) watcher();
  }

  /** Calls back at every change; returns what ends that. */
  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  };
}

/** The value as it is, in a part of a page that is to follow it. */
export function useWatched<T>(watched: Watched<T>): T {
  return useSyncExternalStore(watched.watch, () => watched.value);
}
