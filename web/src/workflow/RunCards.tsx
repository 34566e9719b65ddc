import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { RunSummary } from "../api/types";
import { useShown } from "../kit/useShown";
import { RunCard } from "./RunCard";
import { selecting } from "./selection";

const WIDTH = 212;
const LINE = 152; // px: a card and the gap below it

interface Props {
  runs: readonly RunSummary[];
  selected: string | null;
  select: (run: string) => void;
}

/** The runs as cards, the newest first; only those in view are drawn. */
export function RunCards({ runs, selected, select }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize();
  const columns = Math.max(1, Math.floor((width + 12) / (WIDTH + 12)));
  const newest = useMemo(() => runs.toSorted((a, b) => b.number - a.number), [runs]);
  const order = useMemo(() => newest.map((run) => run.ulid), [newest]);
  const lines = useVirtualizer({ count: Math.ceil(newest.length / columns), getScrollElement: () => box.current, estimateSize: () => LINE, overscan: 3 });
  const at = selected ? order.indexOf(selected) : -1;
  useShown(selected, at, (to) => lines.scrollToIndex(Math.floor(to / columns)));
  return (
    <div ref={box} className="cards" role="listbox" aria-label="Runs" tabIndex={0} aria-activedescendant={at >= 0 ? `card-${selected ?? ""}` : undefined} {...selecting(order, selected, select, columns)}>
      <div ref={ref} role="presentation" style={{ height: lines.getTotalSize(), position: "relative", marginTop: 12 }}>
        {lines.getVirtualItems().map((line) => (
          <div key={line.key} role="presentation" className="cards-line" style={{ transform: `translateY(${line.start}px)`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
            {newest.slice(line.index * columns, (line.index + 1) * columns).map((run) => (
              <div key={run.ulid} id={`card-${run.ulid}`} data-run={run.ulid} role="option" tabIndex={-1} aria-selected={run.ulid === selected} className={cardClass(run, selected)}>
                <RunCard run={run} />
              </div>
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Class names of a run's card. */
function cardClass(run: RunSummary, selected: string | null): string {
  return ["card", run.state === "draft" && "draft", run.ulid === selected && "selected"].filter(Boolean).join(" ");
}
