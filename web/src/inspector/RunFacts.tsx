import type { RunDetail } from "../api/types";
import { moment } from "../kit/format";
import { shownValue } from "./form/values";

/** Where, when and by whom a run was made. */
export function RunFacts({ detail }: { detail: RunDetail }) {
  const facts: [string, string][] = [
    ["Lane", shownValue(detail.options.lane)],
    ["Made by", detail.created_by],
    ["Made", moment(detail.created)],
    ["Started", detail.started ? moment(detail.started) : ""],
    ["Ended", detail.ended ? moment(detail.ended) : ""],
    ["Attempts", detail.attempt > 1 ? String(detail.attempt) : ""],
    ["Protocol", `${detail.protocol}, version ${detail.protocol_version}`],
  ];
  return (
    <section aria-label="About this run">
      <div className="sechead"><h3>About this run</h3></div>
      <dl>
        {facts.filter(([, value]) => value !== "").map(([word, value]) => (
          <div key={word} className="field readonly">
            <dt className="sm dim">{word}</dt>
            <dd className="told">{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
