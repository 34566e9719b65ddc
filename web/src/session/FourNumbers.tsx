import type { SessionDocument } from "../api/types";
import type { Column } from "../exposures/table";
import { bytes, clock, count, counted, duration, fixed } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { medianOf } from "./thresholds";

/** The four numbers that matter: movies, rate, best and median CTF fit, backlog. */
export function FourNumbers({ session, fit }: { session: SessionDocument; fit: Column | null }) {
  const { counts, pace } = session;
  const known = fit?.values.filter((value) => value !== null) ?? [];
  const best = known.length > 0 ? known.reduce((a, b) => Math.min(a, b)) : null;
  const free = bytes(pace.free_bytes);
  const full = pace.seconds_to_full === null ? `${free.value}\u202f${free.unit} free` : `disk full in ${duration(pace.seconds_to_full)}`;
  return (
    <div className="four">
      <section className="panel" aria-label="Movies">
        <span className="label">Movies</span>
        <div className="big">{count(counts.movies)}</div>
        <span className="sm dim">{count(counts.aligned)} aligned · {counts.failed === 0 ? "none failed" : counted(counts.failed, "failed items")}</span>
      </section>
      <section className="panel" aria-label="Rate">
        <span className="label">Rate</span>
        <div className="big">{pace.per_hour === null ? "–" : count(pace.per_hour)}<span className="u">{"\u202f"}/h</span></div>
        <span className="sm dim">{session.active ? `now ${count(pace.now_per_hour)}/h, ` : ""}last one {clock(pace.last_at)}</span>
      </section>
      <section className="panel" aria-label="CTF fit, best and median">
        <span className="label">CTF fit, best · median</span>
        <div className="big">{fixed(best, 1).value} · {fixed(medianOf(known), 1).value}<span className="u">{"\u202f"}Å</span></div>
        <span className="sm dim">{counted(counts.picks, "picks")} · {counted(counts.particles, "particles")}</span>
      </section>
      <section className="panel" aria-label="Backlog">
        <span className="label">Backlog</span>
        <div className="big">{count(pace.backlog)}</div>
        <span className="sm dim">{pace.backlog === 0 ? "nothing waits" : "movies wait"} · {full}{pace.bytes_each !== null && <> · <Quantity {...bytes(pace.bytes_each)} /> each</>}</span>
      </section>
    </div>
  );
}
