import { useState } from "react";
import type { VolumeDocument, WhichMap } from "../api/types";
import type { LevelUnit } from "./level";

export type ShownMap = Extract<WhichMap, "map" | "half1" | "half2">;

/** What of a map is looked at, and how. */
export interface Look {
  shown: ShownMap;
  show: (shown: ShownMap) => void;
  /** Of the voxels on the surface. */
  level: number;
  setLevel: (level: number) => void;
  unit: LevelUnit;
  setUnit: (unit: LevelUnit) => void;
  mask: boolean;
  setMask: (mask: boolean) => void;
  /** Whether colours tell the local resolution. */
  local: boolean;
  setLocal: (local: boolean) => void;
  has: (which: WhichMap) => boolean;
}

export function useLook(volume: VolumeDocument): Look {
  const [shown, show] = useState<ShownMap>("map");
  const [level, setLevel] = useState(volume.level.value);
  const [unit, setUnit] = useState<LevelUnit>("sigma");
  const [mask, setMask] = useState(false);
  const has = (which: WhichMap) => volume.files.some((file) => file.which === which);
  const [local, setLocal] = useState(rangeOfLocal(volume) !== null && has("local_resolution"));
  return { shown, show, level, setLevel, unit, setUnit, mask, setMask, local, setLocal, has };
}

/** Between which resolutions in Å colours go; null if they are not known. */
export function rangeOfLocal({ local_resolution: local }: VolumeDocument): readonly [number, number] | null {
  return local?.finest && local.coarsest ? [local.finest, local.coarsest] : null;
}
