import { useContext, useState } from "react";
import { ProjectContext } from "../api/project";
import type { RunSummary } from "../api/types";
import { pictureAddress, pictureKey, type PictureSize } from "./pictures";

/** What a run has made, as a picture; its room is kept while it loads, and there is none for what cannot be shown. */
export function RunPicture({ run, size }: { run: RunSummary; size: PictureSize }) {
  const project = useContext(ProjectContext);
  const key = pictureKey(run);
  const [failed, setFailed] = useState("");
  if (!run.picture || failed === key) return null;
  return (
    <span className={`pic pic-${size}`}>
      <img src={pictureAddress(project, run.ulid, size, key)} alt={run.picture} decoding="async" draggable={false} onError={() => setFailed(key)} />
    </span>
  );
}
