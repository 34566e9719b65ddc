import { useState, type RefObject } from "react";
import { saveBlob } from "../kit/saving";
import { savePng, saveSvg } from "./drawings";
import "./charts.css";

/** The numbers of a chart: the address at which the server has them as CSV, or what makes them. */
export type Table = string | (() => string);

interface Props {
  /** What the chart shows; files of the drawing bear it as their heading. */
  title: string;
  /** Of the files, without their ending. */
  name: string;
  drawing: RefObject<SVGSVGElement | null>;
  table: Table;
}

/** Saves a chart as PNG, SVG or CSV. */
export function Saves({ title, name, drawing, table }: Props) {
  const [failed, setFailed] = useState(false);
  const png = () => {
    setFailed(false);
    if (drawing.current) savePng(drawing.current, title, name).catch(() => setFailed(true));
  };
  return (
    <span className="saves" role="group" aria-label={`Save: ${title}`}>
      {failed && <span role="alert">Not saved as PNG; SVG may do.</span>}
      <button type="button" onClick={png}>PNG</button>
      <button type="button" onClick={() => drawing.current && saveSvg(drawing.current, title, name)}>SVG</button>
      {typeof table === "string" ? <a href={table} download={`${name}.csv`}>CSV</a> : <button type="button" onClick={() => saveBlob(new Blob([table()], { type: "text/csv" }), `${name}.csv`)}>CSV</button>}
    </span>
  );
}
