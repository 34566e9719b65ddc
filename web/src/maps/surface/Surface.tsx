import { useContext, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { binned, MOST_VOXELS, valueAt, type Grid } from "../grid";
import { colourOf } from "../colours";
import { SharedCameras } from "./cameras";
import type { SurfaceMesh } from "./messages";
import type { Look } from "./object";
import { useStage, type Stage } from "./useStage";

const PLAIN = 0xa9c3c9;
const MASK: Look = { colour: 0xe6a06d, opacity: 0.28 };
const INSIDE = 0.5; // from which value on a voxel belongs to a mask
const TURN = Math.PI / 18;

export interface Coloured {
  grid: Grid;
  range: readonly [number, number];
}

interface Props {
  /** Null while it is being read: everything else is made ready meanwhile. */
  grid: Grid | null;
  /** Voxels of the map along the edge of one of these. */
  blocks: number;
  level: number;
  /** Moves the level by so many steps. */
  step: (steps: number) => void;
  mask: Grid | null;
  local: Coloured | null;
  label: string;
}

/** The surface of a map, drawn by Mol*. */
export default function Surface({ grid, blocks, level, step, mask, local, label }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const { stage, failed } = useStage(box);
  const keys = useId();
  const cameras = useContext(SharedCameras);
  useEffect(() => (stage && cameras ? cameras.join(stage.scene) : undefined), [stage, cameras]);
  const shown = useSurface(stage, "map", grid, level, useLocalLook(local));
  const around = useSurface(stage, "mask", useBinned(mask), INSIDE, MASK);
  const why = shown.failed ?? around.failed;
  return (
    <>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- keys turn what is seen in it, as the pointer does */}
      <div ref={box} className={shown.failed ? "stage former" : "stage"} role="region" aria-label={label} aria-describedby={keys} aria-busy={shown.triangles === null && !failed && why === null} tabIndex={0} onKeyDown={(event) => stage && turnByKey(event, stage, step)} />
      <p id={keys} className="stage-keys">Arrow keys turn it, + and − come nearer and go away, 0 goes back, [ and ] move the level.</p>
      {failed && <p className="stage-note">This browser draws nothing in space (no WebGL). The slices below show the map all the same.</p>}
      {why !== null && <p className="stage-note" role="alert">{why}</p>}
      {shown.triangles === 0 && <p className="stage-note" role="status">Nothing of the map lies above this level.</p>}
      {blocks > 1 && <span className="over over-right-top sm">Drawn of blocks of {blocks}³ voxels</span>}
    </>
  );
}

/** What is drawn of a surface. */
interface Drawn {
  /** Null until the first are drawn. */
  triangles: number | null;
  /** Why it is not drawn as it is asked for, in a sentence; null if it is. */
  failed: string | null;
}

/** Keeps what is drawn under a name as it is asked for. */
function useSurface(stage: Stage | null, name: "map" | "mask", grid: Grid | null, level: number, look: Look): Drawn {
  const [drawn, setDrawn] = useState<Drawn>({ triangles: null, failed: null });
  const last = useRef<{ grid: Grid | null; level: number; stage: Stage; mesh: SurfaceMesh | null } | null>(null);
  useEffect(() => {
    if (!stage) return;
    stage.queues[name](async () => {
      const known = last.current;
      const same = known?.stage === stage && known.grid === grid && known.level === level;
      try {
        const mesh = same ? known.mesh : grid && (await stage.mesher.surface(name, grid, level));
        last.current = { grid, level, stage, mesh };
        await stage.scene.show(name, mesh, look);
        setDrawn({ triangles: mesh ? mesh.indices.length / 3 : null, failed: null });
      } catch (error) {
        last.current = null;
        setDrawn({ triangles: null, failed: error instanceof Error ? error.message : String(error) });
      }
    });
  }, [stage, name, grid, level, look]);
  return drawn;
}

function useBinned(grid: Grid | null): Grid | null {
  return useMemo(() => grid && binned(grid, MOST_VOXELS), [grid]);
}

function useLocalLook(local: Coloured | null): Look {
  return useMemo(() => ({ colour: local ? (x, y, z) => colourOf(valueAt(local.grid, x, y, z), local.range) : PLAIN, opacity: 1 }), [local]);
}

function turnByKey(event: KeyboardEvent, { scene }: Stage, step: (steps: number) => void) {
  const acts: Readonly<Record<string, (() => void) | undefined>> = {
    ArrowLeft: () => scene.turn(TURN, 0),
    ArrowRight: () => scene.turn(-TURN, 0),
    ArrowUp: () => scene.turn(0, TURN),
    ArrowDown: () => scene.turn(0, -TURN),
    "+": () => scene.near(1.2),
    "=": () => scene.near(1.2),
    "-": () => scene.near(1 / 1.2),
    "0": () => scene.reset(),
    "[": () => step(-1),
    "]": () => step(1),
  };
  const act = acts[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  act();
}
