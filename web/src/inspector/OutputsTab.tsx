import { Link } from "react-router";
import type { OutputDocument, RunDetail, RunSummary } from "../api/types";
import { count } from "../kit/format";
import { Icon } from "../kit/Icon";
import { KindGlyph } from "../kit/KindGlyph";
import { kindWords } from "../kit/kinds";
import { runName } from "../workflow/names";
import { useWorkflow } from "../workflow/useWorkflow";

/** The sets that a run makes, and who reads them. */
export function OutputsTab({ project, detail, runs }: { project: string; detail: RunDetail; runs: readonly RunSummary[] }) {
  const [, change] = useWorkflow();
  const readers = runs.filter((run) => detail.read_by.includes(run.ulid));
  return (
    <>
      <section aria-label="Outputs">
        {detail.outputs.length === 0 && <p className="dim">This run makes no set: what it writes lies in its folder.</p>}
        {detail.outputs.map((output) => <OutputSlot key={output.name} project={project} run={detail.ulid} output={output} />)}
      </section>
      {readers.length > 0 && (
        <section>
          <div className="sechead"><h3>Read by</h3></div>
          {readers.map((run) => (
            <button key={run.ulid} type="button" className="slot" onClick={() => change({ run: run.ulid })}>
              <span className="grow cut">{run.number} {runName(run)}</span>
              <Icon name="chevronRight" />
            </button>
          ))}
        </section>
      )}
      <section>
        <div className="sechead"><h3>Folder</h3></div>
        <p className="mono sm dim" style={{ overflowWrap: "anywhere" }}>{detail.folder}</p>
      </section>
    </>
  );
}

function OutputSlot({ project, run, output }: { project: string; run: string; output: OutputDocument }) {
  const inside = (
    <>
      <KindGlyph kind={output.kind} />
      <span className="grow">
        <span className="b">{count(output.count)}</span> {output.name}
        <span className="faint sm" style={{ display: "block" }}>
          {output.name === kindWords(output.kind) ? "" : `${kindWords(output.kind)}, `}
          {output.generation === 0 ? "nothing yet" : output.closed ? "complete" : "more may come"}
        </span>
      </span>
    </>
  );
  if (output.generation === 0) return <div className="slot">{inside}</div>;
  const home = `/projects/${project}/runs/${run}`;
  return (
    <>
      <Link className="slot" to={`${home}/outputs/${output.name}`}>
        {inside}
        <span className="row sm dim">Open<Icon name="chevronRight" /></span>
      </Link>
      {output.kind === "micrographs" && output.count > 0 && <Look to={`${home}/outputs/${output.name}/exposures`} words="Look at the exposures one by one" />}
      {output.kind === "particles" && output.count > 0 && <Look to={`${home}/outputs/${output.name}/images`} words={`Look at the images of ${output.name}`} />}
    </>
  );
}

function Look({ to, words }: { to: string; words: string }) {
  return <Link className="look sm" to={to}><Icon name="stageClass2d" />{words}</Link>;
}
