type Cell = string | number | null;

/** A table that any program reads: a heading and rows; what is not known is left empty. */
export function csvOf(heading: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [heading, ...rows].map((row) => `${row.map(written).join(",")}\n`).join("");
}

function written(cell: Cell): string {
  const text = cell === null ? "" : String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
