import { useId, useRef, type ReactNode, type RefObject } from "react";
import { savePng, saveSvg } from "./save";

interface Props {
  title: string;
  said: string;
  /** Where its numbers are had as CSV. */
  table: string;
  /** Of the files that are saved, without their ending. */
  name: string;
  /** Whether it is a drawing; what is none is had as CSV only. */
  drawn?: boolean;
  children: (drawing: RefObject<SVGSVGElement | null>) => ReactNode;
}

/** A chart with what it tells, which can be saved as PNG, SVG or CSV. */
export function ChartPanel({ title, said, table, name, drawn = true, children }: Props) {
  const drawing = useRef<SVGSVGElement>(null);
  const heading = useId();
  return (
    <section className="panel" aria-labelledby={heading}>
      <header>
        <h2 className="grow" id={heading}>{title}</h2>
        <span className="saves" role="group" aria-label={`Save: ${title}`}>
          {drawn && <button type="button" onClick={() => void (drawing.current && savePng(drawing.current, name))}>PNG</button>}
          {drawn && <button type="button" onClick={() => drawing.current && saveSvg(drawing.current, name)}>SVG</button>}
          <a href={table} download={`${name}.csv`}>CSV</a>
        </span>
      </header>
      {said && <p className="said sm dim">{said}</p>}
      {children(drawing)}
    </section>
  );
}
