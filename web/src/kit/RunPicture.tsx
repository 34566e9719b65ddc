import { useContext, useEffect, useState } from "react";
import { ProjectContext } from "../api/project";
import type { RunSummary } from "../api/types";
import { pictureAddress, pictureKey, type PictureSize } from "./pictures";

const WAITS = [2_000, 5_000, 15_000]; // ms after which a picture is asked for again, which a busy server draws later

/** What a run has made, as a picture; its room is kept while it loads, and there is none for what cannot be shown. */
export function RunPicture({ run, size }: { run: RunSummary; size: PictureSize }) {
  const project = useContext(ProjectContext);
  const key = pictureKey(run);
  const [asked, setAsked] = useState({ key, times: 0, failed: false });
  const { times, failed } = asked.key === key ? asked : { times: 0, failed: false };
  const wait = failed ? WAITS[times] : undefined;
  useEffect(() => {
    if (wait === undefined) return;
    const timer = setTimeout(() => setAsked({ key, times: times + 1, failed: false }), wait);
    return () => clearTimeout(timer);
  }, [key, times, wait]);
  if (!run.picture || failed) return null;
  return (
    <span className={`pic pic-${size}`}>
      <img
        src={pictureAddress(project, run.ulid, size, `${key}${times ? `-${times}` : ""}`)}
        alt={run.picture}
        decoding="async"
        draggable={false}
        onError={() => setAsked({ key, times, failed: true })}
      />
    </span>
  );
}
