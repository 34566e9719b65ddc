import { useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { nextQuery, protocolsQuery } from "../api/queries";
import type { NextStep, RunSummary } from "../api/types";
import { shownValue } from "../inspector/form/values";
import "../inspector/inspector.css";
import { count } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { protocolName } from "../workflow/names";
import { stageIcon } from "../workflow/stages";

/** What may follow, with the values that are known already. */
export function Continue({ project, run, changed }: { project: string; run: RunSummary; changed: boolean }) {
  const steps = useQuery(nextQuery(project, run.ulid));
  const kept = run.progress.outputs.particles ?? 0;
  return (
    <aside className="inspector" aria-label="Continue">
      <header>
        <h2>Continue</h2>
        <p className="facts">With the {count(kept)} particles of run {run.number} as it stands. Dashed values are known already; change any of them.</p>
        {changed && <ul className="warns"><li><Icon name="triangle" /><span>Your choice is not saved yet. What follows takes it up when you keep it.</span></li></ul>}
      </header>
      <div className="body">
        {steps.isError && <div className="section"><ProblemNote error={steps.error} /></div>}
        {steps.data?.length === 0 && <p className="nothing">Nothing follows this run by itself. Add a run from the workflow.</p>}
        {steps.data?.map((step) => <Step key={step.protocol} project={project} run={run.ulid} step={step} />)}
      </div>
    </aside>
  );
}

function Step({ project, run, step }: { project: string; run: string; step: NextStep }) {
  const protocols = useQuery(protocolsQuery);
  const stage = protocols.data?.find((one) => one.id === step.protocol)?.stage ?? "";
  return (
    <section className="nextstep">
      <h2><Icon name={stageIcon(stage)} />{protocolName(step.protocol)}</h2>
      <p className="sm dim">{step.words}</p>
      <dl>
        {Object.entries(step.values).map(([name, { value, origin }]) => (
          <div key={name}>
            <dt className="sm">{protocolName(name.replaceAll("_", "-"))}</dt>
            <dd><span className="known">{shownValue(value)}</span></dd>
            <dd className="sm faint">{origin}</dd>
          </div>
        ))}
      </dl>
      <Link className="slot" to={`/projects/${project}?run=${run}&add=${step.protocol}&from=${run}`}>
        <span className="grow b">Set up {protocolName(step.protocol).toLowerCase()}</span>
        <Icon name="chevronRight" />
      </Link>
    </section>
  );
}
