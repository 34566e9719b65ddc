import { useEffect, useRef } from "react";
import { depthOf, sectionOf, type Axis, type Grid } from "./grid";
import { painted, type Window } from "./painting";

interface Props {
  axis: Axis;
  grid: Grid;
  place: number;
  move: (place: number) => void;
  window: Window;
  mask: Grid | null;
  local: { grid: Grid; range: readonly [number, number] } | null;
}

/** One section of a map, and where it lies. */
export function Slice({ axis, grid, place, move, window, mask, local }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const depth = depthOf(grid, axis);
  const middle = Math.round((place - Math.floor(depth / 2)) * grid.voxel);
  const [finest, coarsest] = local?.range ?? [0, 0];
  const localGrid = local?.grid ?? null;
  useEffect(() => {
    const section = sectionOf(grid, axis, place);
    const context = canvas.current?.getContext("2d");
    if (!canvas.current || !context) return;
    canvas.current.width = section.width;
    canvas.current.height = section.height;
    const overlay = { mask: mask && sectionOf(mask, axis, place), local: localGrid && { section: sectionOf(localGrid, axis, place), range: [finest, coarsest] as const } };
    context.putImageData(new ImageData(painted(section, window, overlay), section.width, section.height), 0, 0);
  }, [grid, axis, place, window, mask, localGrid, finest, coarsest]);
  return (
    <figure className="slice">
      <canvas ref={canvas} className="section-box">Section normal to {axis}, {place + 1} of {depth}</canvas>
      <figcaption className="sm">
        <label htmlFor={`slice-${axis}`}>{axis}</label>
        <input id={`slice-${axis}`} type="range" min={0} max={depth - 1} step={1} value={place} aria-valuetext={`${place + 1} of ${depth}`} onChange={(event) => move(event.currentTarget.valueAsNumber)} />
        <output htmlFor={`slice-${axis}`} className="nw">{middle > 0 ? "+" : middle < 0 ? "−" : ""}{Math.abs(middle)}<span className="u">{"\u202f"}Å</span></output>
      </figcaption>
    </figure>
  );
}
