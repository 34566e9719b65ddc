import { describe, expect, it } from "vitest";
import { Cameras } from "./cameras";
import type { Scene, View } from "./scene";

function view(x: number): View {
  return { from: [x, 0, 1], up: [0, 1, 0] };
}

/** A scene of which only the camera counts. */
function scene() {
  const listeners = new Set<(view: View) => void>();
  const seen: View[] = [];
  const made = {
    watch: (listener: (view: View) => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lookFrom: (from: View) => seen.push(from),
  } as unknown as Scene;
  return { made, seen, turn: (to: View) => listeners.forEach((tell) => tell(to)), listeners };
}

describe("cameras that follow each other", () => {
  it("are turned together", () => {
    const [one, two, three] = [scene(), scene(), scene()];
    const cameras = new Cameras();
    [one, two, three].forEach(({ made }) => cameras.join(made));
    one.turn(view(1));
    expect([one.seen, two.seen, three.seen]).toEqual([[], [view(1)], [view(1)]]);
  });

  it("do not lose the view to one that comes later, which takes it over", () => {
    const [one, late] = [scene(), scene()];
    const cameras = new Cameras();
    cameras.join(one.made);
    one.turn(view(1));
    one.turn(view(2));
    cameras.join(late.made);
    late.turn(view(9)); // how it stood by itself
    expect([one.seen, late.seen]).toEqual([[], [view(2)]]);
    late.turn(view(3));
    expect(one.seen).toEqual([view(3)]);
  });

  it("let go of one that has ended", () => {
    const [one, two] = [scene(), scene()];
    const cameras = new Cameras();
    cameras.join(one.made);
    cameras.join(two.made)();
    one.turn(view(1));
    expect([two.seen, two.listeners.size]).toEqual([[], 0]);
  });
});
