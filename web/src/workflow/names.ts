import type { RunSummary } from "../api/types";

const WORDS: Record<string, string> = { ctf: "CTF", ctfs: "CTFs", fsc: "FSC", "3d": "3D", "2d": "2D", class2d: "classify 2D", class3d: "classify 3D", abinitio: "ab initio" };

/** A short name of a protocol, from its identifier: "import-ctfs" is "Import CTFs". */
export function protocolName(id: string): string {
  const words = id.split("-").map((word) => WORDS[word] ?? word).join(" ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What a run is called where there is little room: its label, or its protocol's short name. */
export function runName(run: Pick<RunSummary, "label" | "protocol">): string {
  return run.label || protocolName(run.protocol);
}
