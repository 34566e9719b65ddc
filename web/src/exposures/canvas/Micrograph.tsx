import { useRef, type KeyboardEvent, type PointerEvent, type ReactNode } from "react";
import { ContrastControl } from "./ContrastControl";
import type { Contrast } from "./contrast";
import type { Grey, Marks } from "./raster";
import { useBox } from "./useBox";
import { useStage } from "./useStage";
import { useWheel } from "./useWheel";
import { fitted, moved, scaleBar, within, zoomed, type Size, type View } from "./view";
import type { Watched } from "./watched";
import "../../kit/viewer.css";

interface Props {
  image: Size;
  /** Å/px */
  pixelSize: number;
  /** Null: it is on its way. */
  grey: Grey | null;
  marks: Marks | null;
  label: string;
  view: View | null;
  setView: (view: View | null) => void;
  contrast: Watched<Contrast>;
  children?: ReactNode;
}

const STEP = 60; // CSS pixels that an arrow key moves the image
const CLOSER = 1.25;

/** A micrograph that is dragged and zoomed, with circles about what was picked. */
export function Micrograph({ image, pixelSize, grey, marks, label, view, setView, contrast, children }: Props) {
  const around = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useBox(around);
  const seen = box && (view ? within(view, image, box) : fitted(image, box));
  useStage(canvas, { grey, marks, view: seen, contrast, box });
  const held = useRef<{ x: number; y: number } | null>(null);
  useWheel(canvas, (factor, from) => box && seen && setView(zoomed(seen, factor, image, box, from)));
  const move = (dx: number, dy: number) => box && seen && setView(moved(seen, dx, dy, image, box));
  const zoom = (factor: number) => box && seen && setView(zoomed(seen, factor, image, box));
  const keys = (event: KeyboardEvent) => {
    const act = keyed(event, { move, zoom, fit: () => setView(null) });
    if (!act) return;
    event.preventDefault();
    act();
  };
  const drag = {
    onPointerDown: (event: PointerEvent) => {
      held.current = { x: event.clientX, y: event.clientY };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove: (event: PointerEvent) => {
      if (!held.current) return;
      move(event.clientX - held.current.x, event.clientY - held.current.y);
      held.current = { x: event.clientX, y: event.clientY };
    },
    onPointerUp: () => {
      held.current = null;
    },
    onPointerCancel: () => {
      held.current = null;
    },
  };
  return (
    <div className="viewer micrograph" ref={around}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it is dragged, and moved by the keys that its name tells */}
      <div className="stage" role="region" aria-label={`${label}. Plus and minus zoom, Shift and arrows move, 0 shows all.`} tabIndex={0} onKeyDown={keys} {...drag}>
        <canvas ref={canvas} />
      </div>
      {!grey && <p className="stage-note" role="status">Reading the micrograph …</p>}
      {children}
      <ContrastControl grey={grey?.values} contrast={contrast} />
      {seen && <ScaleBar view={seen} pixelSize={pixelSize} />}
    </div>
  );
}

interface Moves {
  move: (dx: number, dy: number) => void;
  zoom: (factor: number) => void;
  fit: () => void;
}

function keyed(event: KeyboardEvent, { move, zoom, fit }: Moves): (() => void) | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey) return undefined;
  if (event.shiftKey && event.key.startsWith("Arrow")) {
    return { ArrowLeft: () => move(STEP, 0), ArrowRight: () => move(-STEP, 0), ArrowUp: () => move(0, STEP), ArrowDown: () => move(0, -STEP) }[event.key];
  }
  return { "+": () => zoom(CLOSER), "=": () => zoom(CLOSER), "-": () => zoom(1 / CLOSER), "0": fit }[event.key];
}

function ScaleBar({ view, pixelSize }: { view: View; pixelSize: number }) {
  const { length, width } = scaleBar(view, pixelSize, 140);
  return (
    <span className="over over-right-bottom scalebar">
      <i style={{ width }} />
      <span>{length}<span className="u">{"\u202f"}nm</span></span>
    </span>
  );
}
