import type { InputLink, ProtocolSummary, RunSummary } from "../api/types";
import { kindWords } from "../kit/kinds";
import { runName } from "./names";

const SAME_AS = "same as ";

/** Everything that is needed to tell what the outputs of runs hold. */
export interface Shelf {
  runs: ReadonlyMap<string, RunSummary>;
  protocols: ReadonlyMap<string, ProtocolSummary>;
}

export function shelfOf(runs: readonly RunSummary[], protocols: readonly ProtocolSummary[]): Shelf {
  return { runs: new Map(runs.map((run) => [run.ulid, run])), protocols: new Map(protocols.map((protocol) => [protocol.id, protocol])) };
}

/** Kind of an output; one that is "same as" an input has the kind of what that is linked to. Empty: it cannot be told. */
export function outputKind(run: RunSummary, output: string, shelf: Shelf, depth = 0): string {
  const declared = shelf.protocols.get(run.protocol)?.output_kinds[output] ?? "";
  if (!declared.startsWith(SAME_AS)) return declared;
  const link = run.inputs[declared.slice(SAME_AS.length)];
  const source = link && shelf.runs.get(link.run);
  return source && depth < 200 ? outputKind(source, link.output, shelf, depth + 1) : "";
}

/** An output of a run, as something to choose. */
export interface OutputChoice {
  link: InputLink;
  run: RunSummary;
  kind: string;
  items: number;
}

/** Every output of a project, newest run first. */
export function outputsOf(shelf: Shelf): OutputChoice[] {
  return [...shelf.runs.values()]
    .sort((a, b) => b.number - a.number)
    .flatMap((run) =>
      Object.keys(shelf.protocols.get(run.protocol)?.output_kinds ?? run.progress.outputs).map((output) => ({
        link: { run: run.ulid, output },
        run,
        kind: outputKind(run, output, shelf),
        items: run.progress.outputs[output] ?? 0,
      })),
    );
}

export function fits(choice: OutputChoice, wanted: string): boolean {
  return wanted === "any" || choice.kind === wanted;
}

/** Why an output cannot be linked to an input. */
export function whyNot(choice: OutputChoice, wanted: string): string {
  const holds = choice.kind ? `holds ${kindWords(choice.kind)}` : "holds what cannot be told yet";
  return `${choice.run.number} ${runName(choice.run)}: ${choice.link.output} ${holds}; ${kindWords(wanted)} are needed here.`;
}

export function choiceName(choice: OutputChoice): string {
  return `${choice.run.number} ${runName(choice.run)}, ${choice.link.output}`;
}

/** Those runs that read a given run, straight or through others, and itself: they cannot be its input. */
export function downstream(ulid: string, runs: Iterable<RunSummary>): Set<string> {
  const readers = new Map<string, string[]>();
  for (const run of runs) {
    for (const link of Object.values(run.inputs)) readers.set(link.run, [...(readers.get(link.run) ?? []), run.ulid]);
  }
  const found = new Set([ulid]);
  for (const one of found) readers.get(one)?.forEach((reader) => found.add(reader));
  return found;
}
