import { grouped } from "../kit/grouped";
import type { IconName } from "../kit/icons";

const STAGES: Record<string, IconName> = {
  import: "stageImport",
  motion: "stageMotion",
  ctf: "stageCtf",
  pick: "stagePick",
  extract: "stageExtract",
  "2D classes": "stageClass2d",
  "initial model": "stageInitial",
  "3D classes": "stageClass3d",
  refine: "stageRefine",
  validate: "stageValidate",
  sets: "stageSets",
  export: "stageExport",
};

const ORDER = Object.keys(STAGES);

export function stageIcon(stage: string): IconName {
  return STAGES[stage] ?? "stageOther";
}

/** A stage as a heading. */
export function stageWords(stage: string): string {
  if (!stage) return "Protocol not installed";
  return stage === "ctf" ? "CTF" : stage.charAt(0).toUpperCase() + stage.slice(1);
}

export interface StageGroup<T> {
  stage: string;
  members: T[];
}

/** Things by stage, stages in the order of the work; those that are not known come last, by name. */
export function byStage<T extends { stage: string }>(things: readonly T[]): StageGroup<T>[] {
  return [...grouped(things, (thing) => thing.stage)].map(([stage, members]) => ({ stage, members })).sort((a, b) => place(a.stage) - place(b.stage) || a.stage.localeCompare(b.stage));
}

export function compareStages(a: string, b: string): number {
  return place(a) - place(b);
}

function place(stage: string): number {
  const at = ORDER.indexOf(stage);
  return at < 0 ? ORDER.length : at;
}
