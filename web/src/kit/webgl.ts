let known: boolean | null = null;

/** Whether this browser draws in space at all; asked once. */
export function hasWebGL(): boolean {
  if (known === null) {
    const context = document.createElement("canvas").getContext("webgl2");
    known = context !== null;
    context?.getExtension("WEBGL_lose_context")?.loseContext();
  }
  return known;
}
