import { Button, Skeleton } from "@mantine/core";
import { ExposureRows } from "../exposures/ExposureRows";
import { columnOf, inOrder, NEWEST_FIRST } from "../exposures/table";
import { count, moment } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { FourNumbers } from "./FourNumbers";
import { MeasurePanel } from "./MeasurePanel";
import { NoMovieYet } from "./NoMovieYet";
import type { Session } from "./useSession";
import { VerdictWord } from "./VerdictWord";

const NEWEST = 8;

/** How a session goes: four numbers, its measures over time with thresholds, and its newest exposures. */
export function Overview({ session }: { session: Session }) {
  const { session: read, table, columns, ranges, change } = session;
  const told = read.data;
  if (!told) return null;
  return (
    <>
      <FourNumbers session={told} fit={table ? columnOf(table, "fit_resolution") : null} />
      {session.tableError && <div className="section"><ProblemNote error={session.tableError} /></div>}
      {!told.exposures && <NoMovieYet />}
      {told.exposures && !table && !session.tableError && <Skeleton height={300} />}
      {table && (
        <>
          <ThresholdLine session={session} />
          <div className="plots">
            {columns.map((column) => <MeasurePanel key={column.measure.name} column={column} times={table.times} names={table.names} range={ranges[column.measure.name]} change={column.measure.expression && !session.byHand ? (range) => change(column.measure.name, range) : null} />)}
          </div>
          <div className="newest">
            <div className="panel">
              <header><h2>Newest exposures</h2></header>
              <ExposureRows place={session.place} table={table} order={inOrder(table, NEWEST_FIRST).slice(0, NEWEST)} sorting={NEWEST_FIRST} sort={null} verdict={(at) => <VerdictWord verdict={session.verdicts[at]} />} label="Newest exposures" />
            </div>
          </div>
        </>
      )}
    </>
  );
}

/** What all thresholds together keep, and what is to be done about it. */
function ThresholdLine({ session }: { session: Session }) {
  const { verdicts, keep, changed } = session;
  const of = (verdict: string) => verdicts.filter((one) => one.verdict === verdict).length;
  const [kept, out, waits] = [of("kept"), of("out"), of("waits")];
  const saved = session.session.data?.thresholds;
  const share = kept + out > 0 ? Math.round((100 * kept) / (kept + out)) : 0;
  return (
    <div className="thresholdline">
      <div className="row" role="status">
        {session.byHand ? <span>Exposures are kept by a condition that was written by hand: <span className="mono">{saved?.condition}</span></span> : (
          <>
            <b className="nw">{count(kept)} of {count(kept + out)} pass all thresholds</b>
            <span className="faint nw">({share} %){waits > 0 && ` · ${count(waits)} wait for their CTF`}</span>
          </>
        )}
        <span className="grow" />
        <span className="sm faint cut">{changed ? "not kept yet" : saved ? `run ${saved.run_number}${saved.by ? `, set by ${saved.by}, ${moment(saved.at)}` : ""}${saved.read_by.length === 0 ? "; no run goes on with what is kept" : `; read by ${saved.read_by.length === 1 ? "run" : "runs"} ${saved.read_by.join(", ")}`}` : "no thresholds have been set; drag a handle, or move it by arrow keys"}</span>
        {changed && <Button size="xs" onClick={session.forget}>Forget</Button>}
        {changed && <Button size="xs" variant="filled" loading={keep.isPending} onClick={() => keep.mutate()}>Keep these thresholds</Button>}
      </div>
      {keep.isError && <ProblemNote error={keep.error} />}
    </div>
  );
}
