import { Tooltip } from "@mantine/core";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useMemo, useRef } from "react";
import type { ColumnDocument, RowPage } from "../api/types";
import { SortButton } from "../kit/SortButton";
import { cellText, isIdentity, isNumber, MOST_ROWS, pagesOf, rowAt, widthOf } from "./rows";
import { usePages, type RowsAsked } from "./useRows";

const ROW = 28; // px

interface Props {
  asked: RowsAsked;
  /** The first page, which tells the columns and how many rows there are. */
  page: RowPage;
  /** Whether that answers a former question: it is dimmed until the present one is answered. */
  former: boolean;
  sort: (column: string, descending: boolean) => void;
}

/** Any number of rows, of which those in view are asked for and drawn. */
export function RowTable({ asked, page, former, sort }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const length = Math.min(page.matching, MOST_ROWS);
  const lines = useVirtualizer({ count: length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 20 });
  const drawn = lines.getVirtualItems();
  const [top, bottom] = [drawn[0]?.index ?? 0, drawn.at(-1)?.index ?? -1];
  const wanted = useMemo(() => pagesOf(top, bottom), [top, bottom]);
  const pages = usePages(asked, wanted);
  const { filter, sort: sorted, descending } = asked;
  useEffect(() => {
    if (box.current) box.current.scrollTop = 0;
  }, [filter, sorted, descending]);
  const widths = page.columns.map(widthOf);
  const total = widths.reduce((sum, width) => sum + width, 0);
  const below = lines.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  return (
    <div ref={box} className={former ? "rowtable former" : "rowtable"} aria-busy={former} role="region" aria-label="Rows" tabIndex={0}>
      <table className="sheet" style={{ width: total }} aria-rowcount={length + 1}>
        <colgroup>{page.columns.map((column, at) => <col key={column.name} style={{ width: widths[at] }} />)}</colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {page.columns.map((column) => <Heading key={column.name} column={column} sorted={sorted === column.name ? (descending ? "desc" : "asc") : false} sort={sort} />)}
          </tr>
        </thead>
        <tbody>
          {(drawn[0]?.start ?? 0) > 0 && <tr aria-hidden="true" style={{ height: drawn[0]?.start }} />}
          {drawn.map((line) => <Row key={line.key} index={line.index} columns={page.columns} values={rowAt(pages, line.index)} />)}
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

function Row({ index, columns, values }: { index: number; columns: readonly ColumnDocument[]; values: unknown[] | undefined }) {
  return (
    <tr aria-rowindex={index + 2}>
      {columns.map((column, at) => {
        const text = values ? cellText(values[at]) : "…";
        return <td key={column.name} className={isNumber(column) ? "r" : isIdentity(column) ? "mono" : undefined} title={text.length > 20 ? text : undefined}>{text}</td>;
      })}
    </tr>
  );
}
