import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { useMemo, useRef } from "react";
import type { RowPage } from "../api/types";
import { measured } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { sheetsOf } from "../kit/sheets";
import { Sprite } from "../kit/Sprite";
import { useSheets, type Sheets } from "../kit/useSheets";
import { MOST_ROWS, pagesOf, rowAt } from "./rows";
import { usePages, type RowsAsked } from "./useRows";

const NARROWEST = 112; // px
const GAP = 8;
const CAPTION = 20; // px below an image
const DRAWN = 128; // px, edge of an image on its sheet

/** Any number of images, of which those in view are asked for and drawn. */
export function Gallery({ asked, page, lowPass }: { asked: RowsAsked; page: RowPage; lowPass: number | null }) {
  const box = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize<HTMLDivElement>();
  const length = Math.min(page.matching, MOST_ROWS);
  const columns = Math.max(1, Math.floor((width + GAP) / (NARROWEST + GAP)));
  const height = (width + GAP) / columns - GAP + CAPTION + GAP;
  const lines = useVirtualizer({ count: Math.ceil(length / columns), getScrollElement: () => box.current, estimateSize: () => height, overscan: 2, getItemKey: (index) => `${columns}.${index}`, enabled: width > 0 });
  const drawn = lines.getVirtualItems();
  const first = (drawn[0]?.index ?? 0) * columns;
  const last = Math.min(length, ((drawn.at(-1)?.index ?? -1) + 1) * columns) - 1;
  const pages = usePages(asked, page.generation, useMemo(() => pagesOf(first, last), [first, last]));
  const sheets = useSheets({ ...asked, generation: page.generation, count: page.matching, size: DRAWN, lowPass }, useMemo(() => sheetsOf(first, last), [first, last]));
  return (
    <div ref={box} className="gallery" role="region" aria-label="Images" tabIndex={0}>
      {sheets.error && <ProblemNote error={sheets.error} />}
      <div ref={ref} style={{ height: lines.getTotalSize(), position: "relative" }}>
        {drawn.map((line) => (
          <div key={line.key} className="gallery-line" style={{ transform: `translateY(${line.start}px)`, gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` }}>
            {Array.from({ length: Math.min(columns, length - line.index * columns) }, (_, at) => {
              const place = line.index * columns + at;
              return <Tile key={place} place={place} page={page} row={rowAt(pages, place)} sheets={sheets} />;
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

function Tile({ place, page, row, sheets }: { place: number; page: RowPage; row: unknown[] | undefined; sheets: Sheets }) {
  const value = (name: string) => row?.[page.columns.findIndex((column) => column.name === name)];
  const [score, group] = [value("score"), value("class_number")];
  const told = [typeof score === "number" ? `score ${measured(score)}` : "", typeof group === "number" ? `class ${group}` : ""].filter(Boolean);
  return (
    <figure>
      <Sprite sheets={sheets} place={place} count={page.matching} label={["Particle", String(place + 1), ...told].join(" ")} />
      <figcaption aria-hidden="true">
        <span className="cut">{typeof score === "number" ? measured(score) : "\u00a0"}</span>
        {typeof group === "number" && <span className="faint nw">class {group}</span>}
      </figcaption>
    </figure>
  );
}
