/** Shape of each kind of item around a centre, so that ports are told apart without colour. */
const SHAPES: Record<string, string> = {
  movies: "M-4-4h6v6h-6zM-1-1h5v5h-5z",
  micrographs: "M-4-4h8v8h-8z",
  ctfs: "M0-4.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM0-1.6a1.6 1.6 0 1 0 0 3.2 1.6 1.6 0 0 0 0-3.2z",
  coordinates: "M-2.2-4.2a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM2.2.2a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  particles: "M0-4.6 4-2.3v4.6L0 4.6-4 2.3v-4.6z",
  classes2d: "M-4-4h8v8h-8zM0-4v8M-4 0h8",
  classes3d: "M-4-4h8v8h-8zM0-4v8M-4 0h8",
  volumes: "M0-5 5 0 0 5-5 0z",
  masks: "M0-5 5 0 0 5-5 0zM0-2 2 0 0 2-2 0z",
};

const OTHER = "M0-4.5 4.5 4h-9z";

/** Outline of the port of a kind. */
export function shapeOf(kind: string): string {
  return SHAPES[kind] ?? OTHER;
}

const WORDS: Record<string, string> = { ctfs: "CTFs", classes2d: "2D classes", classes3d: "3D classes", fscs: "FSCs", volumes: "maps", any: "items of any kind" };

/** What people call items of a kind. */
export function kindWords(kind: string): string {
  return WORDS[kind] ?? kind.replaceAll("-", " ");
}

/** The same of so many: one class, two classes. */
export function kindWordsOf(kind: string, items: number): string {
  const words = kindWords(kind);
  return items === 1 ? words.replace(/(?<=ss)es$|(?<!s)s$/, "") : words;
}
