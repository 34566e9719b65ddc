import { useMemo, useState } from "react";
import type { VolumeDocument } from "../api/types";
import { depthOf, quantiles, type Axis, type Grid } from "./grid";
import { steeper, type Window } from "./painting";
import { Slice } from "./Slice";
import type { Grids } from "./useGrids";
import { rangeOfLocal, type Look } from "./useLook";

const AXES: readonly Axis[] = ["z", "y", "x"];

interface Props {
  volume: VolumeDocument;
  look: Look;
  grids: Grids;
}

/** Sections along three axes, each at its place, with one contrast. */
export function Slices({ volume, look, grids }: Props) {
  const [places, setPlaces] = useState<Partial<Record<Axis, number>>>({});
  const [contrast, setContrast] = useState(1);
  const grid = grids.shown.data;
  const whole = useMemo((): Window => {
    const [black = 0, white = 1] = grid ? quantiles(grid.data, [0.005, 0.9995]) : [];
    return [black, white];
  }, [grid]);
  const window = useMemo(() => steeper(whole, contrast), [whole, contrast]);
  const range = rangeOfLocal(volume);
  if (!grid) return <div className="slices" aria-hidden="true">{AXES.map((axis) => <div key={axis} className="slice"><span className="section-box" /></div>)}</div>;
  const mask = look.mask ? fitting(grids.mask.data, grid) : null;
  const local = look.local ? fitting(grids.local.data, grid) : null;
  return (
    <section className="slices" aria-label="Slices">
      {AXES.map((axis) => (
        <Slice
          key={axis}
          axis={axis}
          grid={grid}
          place={places[axis] ?? Math.floor(depthOf(grid, axis) / 2)}
          move={(place) => setPlaces({ ...places, [axis]: place })}
          window={window}
          mask={mask}
          local={local && range ? { grid: local, range } : null}
        />
      ))}
      <div className="contrast sm">
        <label htmlFor="contrast">Contrast</label>
        <input id="contrast" type="range" min={-2} max={2} step={0.1} value={Math.log2(contrast)} aria-valuetext={`${contrast.toFixed(1)} times`} onChange={(event) => setContrast(2 ** event.currentTarget.valueAsNumber)} />
        <output htmlFor="contrast">{contrast.toFixed(1)} ×</output>
      </div>
    </section>
  );
}

/** A map that lies on the same voxels as another; null otherwise. */
function fitting(one: Grid | undefined, other: Grid): Grid | null {
  return one?.size.every((edge, at) => edge === other.size[at]) ? one : null;
}
