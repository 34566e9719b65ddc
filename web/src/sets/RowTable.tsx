import { Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import type { ColumnDocument, RowPage } from "../api/types";
import { count } from "../kit/format";
import { SortButton } from "../kit/SortButton";
import { cellText, isIdentity, isNumber, movedRow, PAGE, pagesOf, rowAt, widthOf } from "./rows";
import type { Choosing } from "./useChosen";
import { keptPageQuery, usePages, type RowsAsked } from "./useRows";

const ROW = 28; // px
const ACROSS = 120; // px that the table moves to the side at a time
const NUMBERS = 104; // px, the column of row numbers

interface Props {
  asked: RowsAsked;
  /** The first page, which tells the columns and how many rows there are. */
  page: RowPage;
  /** The rows that can be scrolled to. */
  part: { start: number; length: number };
  /** A row that is to be shown, from 0, and a number that changes when it is asked for. */
  wanted: { row: number; asked: number };
  /** Whether the page answers a former question: it is dimmed until the present one is answered. */
  former: boolean;
  sort: (column: string, descending: boolean) => void;
  choosing: Choosing;
}

/** Any number of rows, of which those in view are asked for and drawn. */
export function RowTable({ asked, page, part, wanted, former, sort, choosing }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { start, length } = part;
  const lines = useVirtualizer({ count: length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 20, scrollPaddingStart: ROW + 2 });
  const drawn = lines.getVirtualItems();
  const [top, bottom] = [start + (drawn[0]?.index ?? 0), start + (drawn.at(-1)?.index ?? -1)];
  const pages = usePages(asked, page.generation, useMemo(() => pagesOf(top, bottom), [top, bottom]));
  const [current, setCurrent] = useState(0);
  const { filter, sort: sorted, descending } = asked;
  const client = useQueryClient();
  const identity = page.columns.findIndex((column) => column.name === "id");
  const idAt = (row: number): string | undefined => {
    const values = rowAt(pages, row) ?? client.getQueryData(keptPageQuery(asked, page.generation, pagesOf(row, row)[0] ?? 0).queryKey)?.rows[row % PAGE];
    return values?.[identity] as string | undefined;
  };
  const toggle = (row: number) => {
    const id = idAt(row);
    if (id !== undefined) choosing.toggle(id);
  };
  const show = (row: number) => {
    setCurrent(row);
    lines.scrollToIndex(row - start, { align: "auto" });
  };
  useEffect(() => {
    setCurrent(wanted.row);
    lines.scrollToIndex(wanted.row - start, { align: "start" });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- only when it is asked for, or other rows are
  }, [wanted, start, filter, sorted, descending]);
  const keys = (event: KeyboardEvent<HTMLTableElement>) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const across = { ArrowRight: ACROSS, ArrowLeft: -ACROSS }[event.key];
    const to = movedRow(event.key, current - start, length, Math.max(1, Math.floor((box.current?.clientHeight ?? ROW) / ROW) - 2));
    if (across !== undefined) {
      box.current?.scrollBy({ left: across });
    } else if (to !== null) {
      if (event.shiftKey) choosing.extend(current, start + to, idAt);
      show(start + to);
    } else if (event.key === " ") {
      toggle(current);
    } else if (event.key === "Escape") {
      choosing.clear();
    } else {
      return;
    }
    event.preventDefault();
  };
  const pick = (event: MouseEvent<HTMLTableElement>) => {
    const line = (event.target as Element).closest<HTMLElement>("tr[data-row]")?.dataset.row;
    if (line === undefined) return;
    const row = Number(line);
    if (event.shiftKey) choosing.extend(current, row, idAt);
    else if (event.ctrlKey || event.metaKey || event.target instanceof HTMLInputElement) toggle(row);
    setCurrent(row);
  };
  const widths = page.columns.map(widthOf);
  const total = widths.reduce((sum, width) => sum + width, NUMBERS);
  const below = lines.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  const isDrawn = current >= top && current <= bottom;
  return (
    <div ref={box} className={former ? "rowtable former" : "rowtable"} aria-busy={former}>
      <table className="sheet" style={{ width: total }} role="grid" aria-label="Rows" aria-rowcount={page.matching + 1} aria-colcount={page.columns.length + 1} aria-multiselectable="true" aria-activedescendant={isDrawn ? `row-${current}` : undefined} tabIndex={0} onKeyDown={keys} onClick={pick}>
        <colgroup><col style={{ width: NUMBERS }} />{page.columns.map((column, at) => <col key={column.name} style={{ width: widths[at] }} />)}</colgroup>
        <thead>
          <tr aria-rowindex={1}>
            <th scope="col" className="r">Row</th>
            {page.columns.map((column) => <Heading key={column.name} column={column} sorted={sorted === column.name ? (descending ? "desc" : "asc") : false} sort={sort} />)}
          </tr>
        </thead>
        <tbody>
          {(drawn[0]?.start ?? 0) > 0 && <tr aria-hidden="true" style={{ height: drawn[0]?.start }} />}
          {drawn.map((line) => <Row key={line.key} index={start + line.index} current={start + line.index === current} chosen={choosing.chosen.has(idAt(start + line.index) ?? "")} columns={page.columns} values={rowAt(pages, start + line.index)} />)}
          {below > 0 && <tr aria-hidden="true" style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  );
}

function Heading({ column, sorted, sort }: { column: ColumnDocument; sorted: false | "asc" | "desc"; sort: Props["sort"] }) {
  const next = sorted === "asc";
  return (
    <th scope="col" className={isNumber(column) ? "r" : undefined} aria-sort={sorted === false ? "none" : sorted === "desc" ? "descending" : "ascending"}>
      <Tooltip label={column.meaning} disabled={!column.meaning} events={{ hover: true, focus: true, touch: true }}>
        <span>
          <SortButton sorted={sorted} sort={() => sort(sorted === "desc" ? "" : column.name, next)}>
            {column.name}
            {column.unit && <span className="u">{column.unit}</span>}
          </SortButton>
        </span>
      </Tooltip>
    </th>
  );
}

interface RowProps {
  index: number;
  current: boolean;
  chosen: boolean;
  columns: readonly ColumnDocument[];
  values: unknown[] | undefined;
}

function Row({ index, current, chosen, columns, values }: RowProps) {
  return (
    <tr id={`row-${index}`} data-row={index} aria-rowindex={index + 2} aria-selected={chosen} className={current ? "current" : undefined}>
      <th scope="row" className="r faint"><input type="checkbox" tabIndex={-1} readOnly checked={chosen} aria-label={`Choose row ${index + 1}`} />{count(index + 1)}</th>
      {columns.map((column, at) => {
        const text = values ? cellText(values[at]) : "…";
        return <td key={column.name} className={isNumber(column) ? "r" : isIdentity(column) ? "mono" : undefined} title={text.length > 20 ? text : undefined}>{text}</td>;
      })}
    </tr>
  );
}
