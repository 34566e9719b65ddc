import type { Person, ProjectSummary, ProtocolSummary, RunSummary } from "../api/types";
import { count } from "../kit/format";
import type { IconName } from "../kit/icons";
import { rowsAddress } from "../sets/addresses";
import { protocolName, runName } from "../workflow/names";
import { stageIcon } from "../workflow/stages";

/** Something that the command palette can do. */
export interface PaletteItem {
  id: string;
  group: "Commands" | "Runs" | "Sets" | "Projects" | "Add";
  icon: IconName;
  words: string;
  more: string;
  /** Where it leads; a function is called instead. */
  act: string | (() => void);
}

interface Known {
  project: string | undefined;
  projects: readonly ProjectSummary[];
  runs: readonly RunSummary[];
  protocols: readonly ProtocolSummary[];
  switchTheme: () => void;
  me?: Person | undefined;
}

/** Everything that can be done from here. */
export function paletteItems({ project, projects, runs, protocols, switchTheme, me }: Known): PaletteItem[] {
  const home = project && `/projects/${project}`;
  const readOnly = projects.some((one) => one.ulid === project && one.read_only);
  const command = (words: string, icon: IconName, act: PaletteItem["act"]): PaletteItem => ({ id: `do ${words}`, group: "Commands", icon, words, more: "", act });
  return [
    ...(home
      ? [
          command("Show the workflow as a graph", "workflow", `${home}?view=graph`),
          command("Show the workflow as a table", "sets", `${home}?view=table`),
          command("Show the workflow as cards", "stageClass2d", `${home}?view=cards`),
          command("Show all sets", "sets", `${home}/sets`),
          command("Compare runs", "compare", `${home}/compare`),
          command("Watch the session", "session", `${home}/session`),
          command("Show what takes space, and make some", "disk", `${home}/storage`),
          ...(me && !me.alone ? [command("Show who works in this project, share it or hand it over", "people", `${home}/people`)] : []),
        ]
      : []),
    command("All projects", "folder", "/"),
    command("Storage of all projects", "disk", "/storage"),
    ...(me ? [command("API tokens", "key", "/account/tokens")] : []),
    ...(me?.role === "admin" ? [command("People of this server", "people", "/people"), command("Log of who did what", "people", "/people?tab=log")] : []),
    command("Switch light and dark", "theme", switchTheme),
    ...(home ? runs.toSorted((a, b) => b.number - a.number).map((run): PaletteItem => ({ id: run.ulid, group: "Runs", icon: stageIcon(run.stage), words: `${run.number} ${runName(run)}`, more: run.state ?? "unreadable", act: `${home}?run=${run.ulid}` })) : []),
    ...(home ? runs.filter((run) => hasMaps(run, protocols)).map((run): PaletteItem => ({ id: `look ${run.ulid}`, group: "Commands", icon: "stageRefine", words: `Look at the map of ${run.number} ${runName(run)}`, more: "", act: `${home}/runs/${run.ulid}/maps` })).reverse() : []),
    ...(home ? runs.flatMap((run) => setsOf(home, run)).reverse() : []),
    ...(home && !readOnly ? protocols.map((protocol): PaletteItem => ({ id: `add ${protocol.id}`, group: "Add", icon: stageIcon(protocol.stage), words: `Add ${protocolName(protocol.id)}`, more: protocol.title, act: `${home}?add=${protocol.id}` })) : []),
    ...projects.map((one): PaletteItem => ({ id: one.ulid, group: "Projects", icon: "folder", words: one.name, more: one.folder, act: `/projects/${one.ulid}` })),
  ];
}

/** The sets that a run has made, each to be opened as a table. */
function setsOf(home: string, run: RunSummary): PaletteItem[] {
  const made = Object.entries(run.progress.outputs).filter(([, items]) => items > 0);
  return made.map(([output, items]) => ({ id: `open ${run.ulid} ${output}`, group: "Sets", icon: "sets", words: `Open ${output} of ${run.number} ${runName(run)}`, more: `${count(items)} rows`, act: rowsAddress(home, run.ulid, output) }));
}

/** Whether a run has made maps. */
function hasMaps(run: RunSummary, protocols: readonly ProtocolSummary[]): boolean {
  const kinds = protocols.find((protocol) => protocol.id === run.protocol)?.output_kinds ?? {};
  return Object.entries(kinds).some(([output, kind]) => (kind === "volumes" || kind === "classes3d") && (run.progress.outputs[output] ?? 0) > 0);
}

const MOST = 40;

/** The items in which every word is found, those that begin with the text first. */
export function found(items: readonly PaletteItem[], text: string): PaletteItem[] {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/\s+/).filter(Boolean);
  const hits = items.filter((item) => {
    const hay = `${item.words} ${item.more}`.toLowerCase();
    return words.every((word) => hay.includes(word));
  });
  const first = (item: PaletteItem) => (item.words.toLowerCase().startsWith(wanted) ? 0 : words.every((word) => item.words.toLowerCase().includes(word)) ? 1 : 2);
  return (wanted ? hits.toSorted((a, b) => first(a) - first(b)) : hits).slice(0, MOST);
}

const KEPT = ["view", "q", "state", "tag"];

/** An address with what the present one says of the view, if it leads to the same page. */
export function staying(to: string, present: { pathname: string; search: string }): string {
  const [path = "", search = ""] = to.split("?");
  if (path !== present.pathname || !search) return to;
  const params = new URLSearchParams([...new URLSearchParams(present.search)].filter(([name]) => KEPT.includes(name)));
  new URLSearchParams(search).forEach((value, name) => params.set(name, value));
  return `${path}?${params.toString()}`;
}
