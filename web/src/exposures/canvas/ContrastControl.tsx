import { useMemo } from "react";
import { DEVIATIONS, histogram, withEnd, type Contrast } from "./contrast";
import { useWatched, type Watched } from "./watched";

const BINS = 64;
const WIDTH = 128;
const HEIGHT = 22;

/** How often each grey value is there, and which of them are black and white. */
export function ContrastControl({ grey, contrast: watched }: { grey: Uint8Array | undefined; contrast: Watched<Contrast> }) {
  const contrast = useWatched(watched);
  const shares = useMemo(() => (grey ? histogram(grey, BINS) : []), [grey]);
  const place = (value: number) => ((value + DEVIATIONS) / (2 * DEVIATIONS)) * WIDTH;
  return (
    <div className="over over-left-bottom contrastbox" role="group" aria-label="Contrast">
      <svg width={WIDTH} height={HEIGHT} aria-hidden="true">
        <path d={`M0 ${HEIGHT}${shares.map((share, at) => `L${((at + 0.5) * WIDTH) / BINS} ${(HEIGHT - share * (HEIGHT - 2)).toFixed(1)}`).join("")}L${WIDTH} ${HEIGHT}z`} fill="#5d686b" />
        <path d={`M${place(contrast.black)} 0v${HEIGHT}M${place(contrast.white)} 0v${HEIGHT}`} stroke="#fff" strokeWidth="1.5" />
      </svg>
      {(["black", "white"] as const).map((end) => (
        <label key={end}>
          <span>{end === "black" ? "Black" : "White"}</span>
          <input type="range" min={-DEVIATIONS} max={DEVIATIONS} step={0.1} value={contrast[end]} aria-valuetext={`${said(contrast[end])} σ`} onChange={(event) => watched.set(withEnd(contrast, end, event.currentTarget.valueAsNumber))} />
          <output>{said(contrast[end])}<span className="u">{"\u202f"}σ</span></output>
        </label>
      ))}
    </div>
  );
}

function said(value: number): string {
  return value.toFixed(1).replace("-", "−");
}
