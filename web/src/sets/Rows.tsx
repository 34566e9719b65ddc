import { Button } from "@mantine/core";
import { useState } from "react";
import type { RowPage } from "../api/types";
import { count } from "../kit/format";
import { Icon } from "../kit/Icon";
import { KeepAsSet } from "./KeepAsSet";
import { Parts } from "./Parts";
import { firstPlotted, type Plotted } from "./plot/plotted";
import { partOf } from "./rows";
import { RowTable } from "./RowTable";
import { useSaving } from "./SaveRows";
import { useChosen } from "./useChosen";
import type { RowsAsked } from "./useRows";

interface Props {
  asked: RowsAsked;
  page: RowPage;
  former: boolean;
  sort: (column: string, descending: boolean) => void;
  plotted: Plotted | null;
  plot: (next: Plotted | null) => void;
}

/** The rows themselves, what can be done with them, and the way to any of them. */
export function Rows({ asked, page, former, sort, plotted, plot }: Props) {
  const { filter, sort: sorted, descending } = asked;
  const [wanted, setWanted] = useState({ row: 0, asked: 0 });
  const [keeping, setKeeping] = useState(false);
  const order = `${filter} ${sorted} ${descending}`;
  const [shownOrder, setShownOrder] = useState(order);
  if (shownOrder !== order) {
    setShownOrder(order);
    setWanted({ row: 0, asked: 0 });
    setKeeping(false);
  }
  const choosing = useChosen();
  const saving = useSaving(asked, page.kind);
  const part = partOf(wanted.row, page.matching);
  const { chosen } = choosing;
  const first = firstPlotted(page.columns);
  return (
    <>
      <div className="rowtools">
        <Button disabled={(chosen.size === 0 && filter === "") || former} aria-expanded={keeping} onClick={() => setKeeping(!keeping)}>Keep as a set</Button>
        {first && <Button aria-pressed={plotted !== null} leftSection={<Icon name="stageValidate" />} onClick={() => plot(plotted ? null : { x: first, y: "" })}>Plot</Button>}
        {saving.buttons}
        <span className="sm nw" role="status">{chosen.size > 0 && `${count(chosen.size)} ${chosen.size === 1 ? "row" : "rows"} chosen`}</span>
        {chosen.size > 0 && <Button size="xs" variant="subtle" onClick={choosing.clear}>Choose none</Button>}
        <span className="grow" />
        {!plotted && <span className="row sm dim nw hide-narrow" aria-hidden="true"><kbd>Arrows</kbd>from row to row<kbd>Space</kbd>choose<kbd>Shift</kbd>several</span>}
      </div>
      {choosing.refused && <p className="most sm dim" role="alert">{choosing.refused}</p>}
      {keeping && <KeepAsSet asked={asked} page={page} chosen={chosen} close={() => setKeeping(false)} />}
      {saving.said}
      <RowTable asked={asked} page={page} part={part} wanted={wanted} former={former} sort={sort} choosing={choosing} />
      <Parts matching={page.matching} part={part} show={(row) => setWanted({ row, asked: wanted.asked + 1 })} />
    </>
  );
}
