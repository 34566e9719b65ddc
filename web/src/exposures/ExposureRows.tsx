import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";
import { Link, useNavigate } from "react-router";
import type { ExposureTable } from "../api/types";
import { Quantity } from "../kit/Quantity";
import { SortButton } from "../kit/SortButton";
import { moved } from "../workflow/selection";
import { clock, fixed } from "../kit/format";
import { exposuresPage, thumbnailAddress, type SetPlace } from "./places";
import { asSearch, columnsOf, type Column, type Sorting } from "./table";
import { useReadAhead } from "./useReadAhead";

const ROW = 43; // px

interface Props {
  place: SetPlace;
  table: ExposureTable;
  order: readonly number[];
  sorting: Sorting;
  /** Null: they come in one order only. */
  sort: ((by: string) => void) | null;
  /** A last column: what is decided about an exposure, by its place in the table. */
  verdict?: (at: number) => ReactNode;
  label?: string;
}

/** Exposures with small pictures; rows in view are drawn. Arrow keys go from row to row, Enter opens one. */
export function ExposureRows({ place, table, order, sorting, sort, verdict, label = "Exposures" }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const readAhead = useReadAhead(place);
  useEffect(() => void import("./MicrographPage"), []); // it comes while people look at the table
  const lines = useVirtualizer({ count: order.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 6 });
  const drawn = lines.getVirtualItems();
  const columns = columnsOf(table);
  const wanted = useRef<number | null>(null); // a row that gets the focus as soon as it is drawn
  const focusWanted = () => {
    const link = wanted.current === null ? null : box.current?.querySelector<HTMLElement>(`[data-row="${wanted.current}"]`);
    if (!link) return;
    wanted.current = null;
    link.focus();
  };
  useEffect(focusWanted);
  const hasSquares = table.squares.length > 0;
  const below = lines.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  const head = (by: string, words: ReactNode, right = false, narrow = false) => (
    <th key={by} scope="col" className={[right && "r", narrow && "hide-narrow"].filter(Boolean).join(" ") || undefined} aria-sort={sorting.by === by ? (sorting.descending ? "descending" : "ascending") : "none"}>
      {sort ? <SortButton sorted={sorting.by === by && (sorting.descending ? "desc" : "asc")} sort={() => sort(by)}>{words}</SortButton> : words}
    </th>
  );
  const keys = (event: KeyboardEvent<HTMLDivElement>) => {
    const link = (event.target as Element).closest<HTMLElement>("[data-row]");
    if (!link) return;
    const to = moved(event.key, Number(link.dataset.row), order.length, 1);
    if (to === null) return;
    event.preventDefault();
    wanted.current = to;
    lines.scrollToIndex(to);
    focusWanted();
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- the links inside have the focus; keys rise from them
    <div ref={box} className="rowtable exposures" role="region" aria-label={label} tabIndex={0} onKeyDown={keys}>
      <table className="sheet" aria-rowcount={order.length + 1}>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col">Image, spectrum</th>
            {head("name", "Exposure")}
            {head("time", "Time")}
            {columns.map(({ measure }) => head(measure.name, <>{measure.label}{measure.unit && <span className="u">{measure.unit}</span>}</>, true, HIDDEN_WHEN_NARROW.has(measure.name)))}
            {hasSquares && <th scope="col" className="hide-narrow">Square</th>}
            {verdict && <th scope="col">Verdict</th>}
          </tr>
        </thead>
        <tbody>
          {(drawn[0]?.start ?? 0) > 0 && <tr aria-hidden="true" style={{ height: drawn[0]?.start }} />}
          {drawn.map((line) => {
            const at = order[line.index] ?? 0;
            const id = table.ids[at] ?? "";
            const to = exposuresPage(place, id) + asSearch(sorting);
            return (
              <tr key={id} aria-rowindex={line.index + 2} onPointerDown={() => readAhead(id, null)} onClick={() => void navigate(to)}>
                <td><Pictures place={place} id={id} fitted={table.sets.ctfs !== undefined} /></td>
                <td><Link className="mono" data-row={line.index} to={to} onClick={(event) => event.stopPropagation()}>{table.names[at]}</Link></td>
                <td className="dim">{clock(table.times[at])}</td>
                {columns.map((column) => <Cell key={column.measure.name} column={column} at={at} />)}
                {hasSquares && <td className="hide-narrow faint">{table.squares[at] ?? "–"}</td>}
                {verdict && <td>{verdict(at)}</td>}
              </tr>
            );
          })}
          {below > 0 && <tr aria-hidden="true" style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  );
}

const HIDDEN_WHEN_NARROW = new Set(["motion_early", "ice_ring"]);

function Cell({ column: { measure, values }, at }: { column: Column; at: number }) {
  return <td className={HIDDEN_WHEN_NARROW.has(measure.name) ? "r hide-narrow" : "r"}><Quantity {...fixed(values[at], measure.digits, measure.unit)} /></td>;
}

/** An exposure and its spectrum, small; the room is kept for what cannot be shown. */
export function Pictures({ place, id, fitted }: { place: SetPlace; id: string; fitted: boolean }) {
  return (
    <span className="pictures">
      <img src={thumbnailAddress(place, id, "micrograph")} alt="" loading="lazy" decoding="async" />
      {fitted && <img src={thumbnailAddress(place, id, "spectrum")} alt="" loading="lazy" decoding="async" />}
    </span>
  );
}
