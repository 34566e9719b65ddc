import { lazy, Suspense, useMemo } from "react";
import type { VolumeDocument } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { LevelControl } from "./LevelControl";
import { Legend } from "./Legend";
import { binned, MOST_VOXELS } from "./grid";
import { rangeOf, within } from "./level";
import type { Grids } from "./useGrids";
import { rangeOfLocal, type Look, type ShownMap } from "./useLook";
import { hasWebGL } from "../kit/webgl";
import "../kit/viewer.css";

const Surface = lazy(() => import("./surface/Surface"));

const SHOWN: readonly [ShownMap, string][] = [["map", "Map"], ["half1", "Half 1"], ["half2", "Half 2"]];

interface Props {
  volume: VolumeDocument;
  look: Look;
  grids: Grids;
}

/** The surface of a map with what it is drawn of, at which level and in which colours. */
export function Viewer({ volume, look, grids }: Props) {
  const { shown, local } = grids;
  const grid = shown.data;
  const drawn = useMemo(() => grid && binned(grid, MOST_VOXELS), [grid]);
  const range = useMemo(() => drawn && rangeOf(drawn, volume.level.value, volume.level), [drawn, volume.level]);
  const level = range ? within(look.level, range) : look.level;
  const colours = rangeOfLocal(volume);
  const localGrid = look.local ? local.data : undefined;
  const coloured = useMemo(() => (localGrid && colours ? { grid: localGrid, range: [colours[0], colours[1]] as const } : null), [localGrid, colours?.[0], colours?.[1]]); // eslint-disable-line react-hooks/exhaustive-deps -- the pair is made anew each time, its numbers are not
  return (
    <div className="viewer">
      {!hasWebGL() && <p className="stage-note">This browser draws nothing in space (no WebGL). The slices below show the map all the same.</p>}
      {shown.isPending && hasWebGL() && <p className="stage-note" role="status">Reading the map …</p>}
      {shown.isError && <div className="stage-note"><ProblemNote error={shown.error} /></div>}
      {!shown.isError && hasWebGL() && (
        <Suspense fallback={null}>
          <Surface
            grid={drawn ?? null}
            blocks={grid && drawn ? Math.round(drawn.voxel / grid.voxel) : 1}
            level={level}
            step={(steps) => range && look.setLevel(within(level + steps * range.step * 5, range))}
            mask={look.mask ? (grids.mask.data ?? null) : null}
            local={coloured}
            label={`Surface of the ${SHOWN.find(([which]) => which === look.shown)?.[1].toLowerCase() ?? "map"}`}
          />
        </Suspense>
      )}
      <Toggles look={look} canColour={colours !== null && look.has("local_resolution")} />
      {range && hasWebGL() && <LevelControl look={look} level={level} range={range} statistics={volume.level} proposed={volume.level.value} rule={volume.level.rule} />}
      {coloured && <Legend range={coloured.range} run={volume.local_resolution?.run_number} />}
    </div>
  );
}

function Toggles({ look, canColour }: { look: Look; canColour: boolean }) {
  return (
    <div className="over over-left-top" role="group" aria-label="What is shown">
      {SHOWN.filter(([which]) => look.has(which)).map(([which, words]) => (
        <button key={which} type="button" aria-pressed={look.shown === which} onClick={() => look.show(which)}>{words}</button>
      ))}
      {look.has("mask") && <button type="button" aria-pressed={look.mask} onClick={() => look.setMask(!look.mask)}>Mask</button>}
      {canColour && <button type="button" aria-pressed={look.local} onClick={() => look.setLocal(!look.local)}>Local resolution</button>}
    </div>
  );
}
