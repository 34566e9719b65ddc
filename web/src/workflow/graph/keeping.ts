/** Gives back, for things that are the same as last time, the objects of last time, so that they are not drawn again. */
export function keeping<T extends { id: string }>(same: (a: T, b: T) => boolean): (things: readonly T[]) => T[] {
  let former = new Map<string, T>();
  return (things) => {
    const kept = things.map((thing) => {
      const known = former.get(thing.id);
      return known && same(known, thing) ? known : thing;
    });
    former = new Map(kept.map((thing) => [thing.id, thing]));
    return kept;
  };
}
