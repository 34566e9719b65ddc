import type { UseQueryResult } from "@tanstack/react-query";
import type { ProtocolDocument, RunDetail } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { shownValue } from "./form/values";
import { ParametersForm } from "./form/ParametersForm";
import { FormSkeleton } from "./FormSkeleton";
import { RunFacts } from "./RunFacts";
import type { Draft } from "./useDraft";

interface Props {
  detail: RunDetail;
  protocol: UseQueryResult<ProtocolDocument>;
  draft: Draft;
}

/** The parameters of a run: a form while it is a draft, else what it ran with. */
export function ParametersTab({ detail, protocol, draft }: Props) {
  if (detail.stage === "") return <Undeclared detail={detail} />;
  if (protocol.isError) return <div className="section"><ProblemNote error={protocol.error} /></div>;
  if (!protocol.data) return <FormSkeleton />;
  const editable = detail.state === "draft" && !detail.read_only;
  return (
    <>
      <ParametersForm key={draft.version} parameters={protocol.data.parameters} values={{ ...detail.parameters, ...draft.pending }} changing={editable ? draft : null} />
      <RunFacts detail={detail} />
    </>
  );
}

/** What is kept of a run whose protocol is not installed. */
function Undeclared({ detail }: { detail: RunDetail }) {
  return (
    <section>
      <p className="faint sm">The protocol {detail.protocol} is not installed here, so its parameters have their names only.</p>
      <dl>
        {Object.entries(detail.parameters).map(([name, value]) => (
          <div key={name} className="field readonly">
            <dt className="mono dim">{name}</dt>
            <dd className="told">{shownValue(value)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
