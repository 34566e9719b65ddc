/** Images that lie on one sheet, as the server is asked for them. */
export const ON_A_SHEET = 100;
const COLUMNS = 10;

export interface SheetsAsked {
  project: string;
  run: string;
  output: string;
  generation: number;
  /** Images in all, of those that satisfy the filter. */
  count: number;
  /** Edge of each image on the sheet, px. */
  size: number;
  filter?: string;
  sort?: string;
  descending?: boolean;
  /** Å */
  lowPass?: number | null;
}

/** Where the sheet of a number, from 0, is. */
export function sheetAddress(asked: SheetsAsked, sheet: number): string {
  const { project, run, output, generation, size, filter, sort, descending, lowPass } = asked;
  const query = new URLSearchParams({ generation: String(generation), offset: String(sheet * ON_A_SHEET), limit: String(ON_A_SHEET), size: String(size), columns: String(COLUMNS) });
  if (filter) query.set("filter", filter);
  if (sort) query.set("sort", sort);
  if (sort && descending) query.set("descending", "true");
  if (lowPass) query.set("low_pass", String(lowPass));
  return `/api/projects/${project}/runs/${run}/outputs/${output}/images?${query.toString()}`;
}

export interface Spot {
  sheet: number;
  /** As CSS takes them. */
  position: string;
  size: string;
}

/** Where an image lies: on which sheet, and where there. */
export function spotOf(place: number, count: number): Spot {
  const sheet = Math.floor(place / ON_A_SHEET);
  const held = Math.min(ON_A_SHEET, count - sheet * ON_A_SHEET);
  const columns = Math.min(COLUMNS, held);
  const rows = Math.ceil(held / columns);
  const at = place % ON_A_SHEET;
  const share = (index: number, of: number) => (of > 1 ? (100 * index) / (of - 1) : 0);
  return {
    sheet,
    position: `${share(at % columns, columns)}% ${share(Math.floor(at / columns), rows)}%`,
    size: `${100 * columns}% ${100 * rows}%`,
  };
}

/** The sheets on which images from first to last lie, both included. */
export function sheetsOf(first: number, last: number): number[] {
  if (last < first) return [];
  const [from, to] = [Math.floor(first / ON_A_SHEET), Math.floor(last / ON_A_SHEET)];
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
