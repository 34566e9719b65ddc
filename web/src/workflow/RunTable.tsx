import { useElementSize } from "@mantine/hooks";
import { useTable, type SortingState } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef, useState } from "react";
import type { RunSummary } from "../api/types";
import { SortButton } from "../kit/SortButton";
import { useNow } from "../kit/useNow";
import { useShown } from "../kit/useShown";
import { features, MINOR, RIGHT, runColumns, WIDTHS } from "./columns";
import { selecting } from "./selection";

const ROW = 36; // px
const ROOMY = 1000; // px, from which on every column is shown

interface Props {
  runs: RunSummary[];
  selected: string | null;
  select: (run: string) => void;
}

/** The runs as a table that can be sorted; only the rows in view are drawn. */
export function RunTable({ runs, selected, select }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const now = useNow();
  const [sorting, setSorting] = useState<SortingState>([{ id: "number", desc: true }]);
  const { ref, width } = useElementSize();
  const roomy = width === 0 || width >= ROOMY;
  const columns = useMemo(() => runColumns(now).filter((column) => roomy || !MINOR.has(column.id ?? "")), [now, roomy]);
  const table = useTable({ features, columns, data: runs, state: { sorting }, onSortingChange: setSorting, getRowId: (run) => run.ulid, enableSortingRemoval: false });
  const rows = table.getRowModel().rows;
  const order = rows.map((row) => row.id);
  const lines = useVirtualizer({ count: rows.length, getScrollElement: () => box.current, estimateSize: () => ROW, overscan: 12, scrollPaddingStart: ROW });
  const at = selected ? order.indexOf(selected) : -1;
  useShown(selected, at, (to) => lines.scrollToIndex(to));
  const drawn = lines.getVirtualItems();
  const above = drawn[0]?.start ?? 0;
  const below = lines.getTotalSize() - (drawn.at(-1)?.end ?? 0);
  return (
    <div ref={box} className="runtable">
      <table
        ref={ref}
        className="sheet"
        role="grid"
        tabIndex={0}
        aria-label="Runs"
        aria-rowcount={rows.length + 1}
        aria-activedescendant={at >= 0 ? `row-${selected ?? ""}` : undefined}
        {...selecting(order, selected, select)}
      >
        <colgroup>{table.getAllColumns().map((column) => <col key={column.id} style={{ width: WIDTHS[column.id] }} />)}</colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {table.getFlatHeaders().map((header) => {
              const sorted = header.column.getIsSorted();
              return (
                <th key={header.id} scope="col" className={RIGHT.has(header.id) ? "r" : undefined} aria-sort={sorted === false ? "none" : sorted === "desc" ? "descending" : "ascending"}>
                  <SortButton sorted={sorted} sort={() => header.column.toggleSorting()}><table.FlexRender header={header} /></SortButton>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {above > 0 && <tr className="spacer" aria-hidden="true" style={{ height: above }} />}
          {drawn.map((line) => {
            const row = rows[line.index];
            return row && (
              <tr key={row.id} id={`row-${row.id}`} data-run={row.id} aria-rowindex={line.index + 2} aria-selected={row.id === selected}>
                {row.getAllCells().map((cell) => <td key={cell.id} className={RIGHT.has(cell.column.id) ? "r" : undefined}><table.FlexRender cell={cell} /></td>)}
              </tr>
            );
          })}
          {below > 0 && <tr className="spacer" aria-hidden="true" style={{ height: below }} />}
        </tbody>
      </table>
    </div>
  );
}
