import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { protocolsQuery } from "../api/queries";
import type { InputLink, ProtocolDocument, RunDetail, RunSummary } from "../api/types";
import { count } from "../kit/format";
import { KindGlyph } from "../kit/KindGlyph";
import { Status } from "../kit/Status";
import { lookOf } from "../kit/status";
import { InputPicker } from "../workflow/add/InputPicker";
import { runName } from "../workflow/names";
import { downstream, outputKind, outputsOf, shelfOf } from "../workflow/outputs";
import { useWorkflow } from "../workflow/useWorkflow";
import type { Draft } from "./useDraft";

interface Props {
  detail: RunDetail;
  runs: readonly RunSummary[];
  protocol: ProtocolDocument | undefined;
  draft: Draft;
}

/** What a run reads; of a draft, it can be chosen anew. */
export function InputsTab({ detail, runs, protocol, draft }: Props) {
  const protocols = useQuery(protocolsQuery).data;
  const shelf = useMemo(() => shelfOf(runs, protocols ?? []), [runs, protocols]);
  const choices = useMemo(() => {
    const own = downstream(detail.ulid, runs);
    return outputsOf(shelf).filter((choice) => !own.has(choice.run.ulid));
  }, [shelf, detail.ulid, runs]);
  const links = Object.entries(detail.inputs);
  if (detail.state === "draft" && !detail.read_only && protocol && protocol.inputs.length > 0) {
    return (
      <section aria-label="Inputs">
        {protocol.inputs.map((port) => (
          <InputPicker key={port.name} port={port} choices={choices} value={detail.inputs[port.name]} problem={draft.problems[port.name]} choose={(link) => draft.link(port.name, link)} />
        ))}
      </section>
    );
  }
  if (links.length === 0) return <p className="nothing">{detail.stage === "import" ? "This run reads files, no other run: its parameters say which." : "This run reads no other run."}</p>;
  return (
    <section aria-label="Inputs">
      {links.map(([name, link]) => {
        const source = shelf.runs.get(link.run);
        return <InputSlot key={name} name={name} link={link} source={source} kind={source ? outputKind(source, link.output, shelf) : ""} />;
      })}
    </section>
  );
}

function InputSlot({ name, link, source, kind }: { name: string; link: InputLink; source: RunSummary | undefined; kind: string }) {
  const [, change] = useWorkflow();
  if (!source) return <div className="slot open"><span className="grow">{name}: of a run that is not in the project any more</span></div>;
  return (
    <button type="button" className="slot" onClick={() => change({ run: source.ulid })}>
      <KindGlyph kind={kind} />
      <span className="grow">
        <span className="cut">{name} of run {source.number}, {runName(source)}</span>
        <span className="faint sm" style={{ display: "block" }}>its output {link.output} · {count(source.progress.outputs[link.output] ?? 0)}</span>
      </span>
      <Status look={lookOf(source.state)} bare />
    </button>
  );
}
