import { memo } from "react";
import type { RunSummary } from "../api/types";
import { Icon } from "../kit/Icon";
import { RunPicture } from "../kit/RunPicture";
import { Status } from "../kit/Status";
import { isActive, lookOf } from "../kit/status";
import { runName } from "./names";
import { fractionOf, paceOf, resultOf } from "./result";
import { stageIcon } from "./stages";

/** The inside of a run's card: the same in the graph and among cards. */
export const RunCard = memo(function RunCard({ run }: { run: RunSummary }) {
  const look = lookOf(run.state);
  const result = resultOf(run);
  return (
    <>
      <span className="card-head">
        <Icon name={stageIcon(run.stage)} />
        <span className="cut">{runName(run)}</span>
        <span className="mono">{run.number}</span>
      </span>
      <span className="card-mid">
        <RunPicture run={run} size="card" />
        <span className="card-said">
          <b className="cut">{result.main}</b>
          <span className="cut">{result.noun}</span>
          <span className="cut" title={result.more}>{result.more || "\u00a0"}</span>
        </span>
      </span>
      <span className={`card-prog tone-${look.tone}`}>
        <span className={isActive(run.state) || run.state === "finished" ? "bar" : "bar still"}><i style={{ width: `${100 * fractionOf(run)}%` }} /></span>
        {paceOf(run)}
      </span>
      <span className="card-foot">
        <Status look={look} />
        {run.tags.length > 0 && <span className="tags cut"><Icon name="tag" />{run.tags.join(", ")}</span>}
      </span>
    </>
  );
});
