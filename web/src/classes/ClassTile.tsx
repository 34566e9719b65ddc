import { memo } from "react";
import { Link } from "react-router";
import type { ClassDocument } from "../api/types";
import { counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { Quantity } from "../kit/Quantity";
import { Sprite } from "../kit/Sprite";
import type { Sheets } from "../kit/useSheets";

interface Props {
  one: ClassDocument;
  total: number;
  sheets: Sheets;
  kept: boolean;
  overridden: boolean;
  /** Where its members are seen; null: they are not known. */
  members: string | null;
  current: boolean;
  toggle: ((one: ClassDocument) => void) | null;
}

/** A class: its average, what is measured of it, and whether and why it is kept. */
export const ClassTile = memo(function ClassTile({ one, total, sheets, kept, overridden, members, current, toggle }: Props) {
  const name = one.label === null ? `Average ${one.place + 1}` : `Class ${one.label}`;
  const verdict = `${verdictOf(kept, toggle !== null)}${overridden ? " by you" : ""}`;
  const fineness = one.resolution === null ? null : one.resolution.toFixed(1);
  const classes = ["cls", kept ? "kept" : "out", overridden && "yours"].filter(Boolean).join(" ");
  return (
    <div className={classes}>
      <button type="button" data-class={one.id} aria-pressed={kept} aria-disabled={toggle === null} tabIndex={current ? 0 : -1} onClick={() => toggle?.(one)}>
        <Sprite sheets={sheets} place={one.place} count={total} />
        <span className="cap">
          <b>{name}</b>
          {fineness ? <Quantity value={fineness} unit="Å" /> : <span className="u">no detail</span>}
        </span>
        <span className="why">
          <Icon name={overridden ? "hand" : kept ? "check" : "cross"} />
          <span className="b">{verdict}</span>
        </span>
        <span className="reason" title={one.reason}>{one.reason || "\u00a0"}</span>
      </button>
      <span className="below sm">
        {members ? <Link to={members} tabIndex={current ? 0 : -1}>{counted(one.particle_count, "members")}<span className="sr"> of {name}</span></Link> : <span className="dim">{counted(one.particle_count, "particles")}</span>}
        {one.evenness !== null && <span className="faint" title="Share of its particles that resemble the average">{Math.round(100 * one.evenness)} % alike</span>}
      </span>
    </div>
  );
});

function verdictOf(kept: boolean, chosen: boolean): string {
  if (!chosen) return kept ? "Proposed" : "Not proposed";
  return kept ? "Kept" : "Left out";
}
