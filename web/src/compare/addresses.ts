export const FEWEST = 2;
export const MOST = 6;

/** Where runs stand beside each other. */
export function compareAddress(project: string, runs: readonly string[]): string {
  return `/projects/${project}/compare${runs.length > 0 ? `?${asked(runs)}` : ""}`;
}

/** The runs of an address: each once, and no more than can be compared. */
export function runsOf(search: URLSearchParams): string[] {
  return [...new Set(search.getAll("run"))].slice(0, MOST);
}

/** Where the numbers of a comparison are had as CSV. */
export function tableOf(project: string, what: "correlation" | "histogram", runs: readonly string[], more: Readonly<Record<string, string>> = {}): string {
  return `/api/projects/${project}/comparison/${what}/table?${asked(runs)}${Object.entries(more).map(([name, value]) => `&${name}=${encodeURIComponent(value)}`).join("")}`;
}

function asked(runs: readonly string[]): string {
  return runs.map((run) => `run=${encodeURIComponent(run)}`).join("&");
}
