import { useId, useRef, type ReactNode, type RefObject } from "react";
import { Saves, type Table } from "./Saves";

interface Props {
  title: string;
  said: string;
  table: Table;
  /** Of the files that are saved, without their ending. */
  name: string;
  children: (drawing: RefObject<SVGSVGElement | null>) => ReactNode;
}

/** A chart with what it tells, which can be saved. */
export function ChartPanel({ title, said, table, name, children }: Props) {
  const drawing = useRef<SVGSVGElement>(null);
  const heading = useId();
  return (
    <section className="panel" aria-labelledby={heading}>
      <header>
        <h2 className="grow" id={heading}>{title}</h2>
        <Saves title={title} name={name} drawing={drawing} table={table} />
      </header>
      {said && <p className="said sm dim">{said}</p>}
      {children(drawing)}
    </section>
  );
}
