import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { volumeQuery } from "../api/queries";
import type { MapEntry, RunSummary, VolumeDocument } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { mapKey } from "../maps/addresses";
import { Cameras, SharedCameras } from "../maps/surface/cameras";
import { useGrids } from "../maps/useGrids";
import { useLook } from "../maps/useLook";
import { Viewer } from "../maps/Viewer";
import { RunHead } from "./RunHead";
import "../maps/maps.css";

/** The first map of each run, all seen from the same side: where one is turned, the others follow. */
export function MapsPanel({ project, runs, maps }: { project: string; runs: readonly RunSummary[]; maps: readonly (MapEntry | null)[] }) {
  const [cameras] = useState(() => new Cameras());
  return (
    <section className="panel" aria-labelledby="maps">
      <header><h2 id="maps">Maps</h2><span className="sm dim">Turn one, and the others follow. They stand as their runs left them: align them first if they were made from different starts.</span></header>
      <SharedCameras value={cameras}>
        <div className="beside-each-other">
          {runs.map((run, place) => {
            const entry = maps[place];
            return entry && (
              <div key={run.ulid} className="onemap">
                <p><RunHead project={project} run={run} place={place} /></p>
                <OneMap key={mapKey(entry)} project={project} entry={entry} />
              </div>
            );
          })}
        </div>
      </SharedCameras>
    </section>
  );
}

function OneMap({ project, entry }: { project: string; entry: MapEntry }) {
  const volume = useQuery(volumeQuery(project, entry));
  if (volume.isPending) return <Skeleton height={320} />;
  if (volume.isError) return <ProblemNote error={volume.error} />;
  return <Looking project={project} volume={volume.data} />;
}

function Looking({ project, volume }: { project: string; volume: VolumeDocument }) {
  const look = useLook(volume);
  const grids = useGrids(project, volume.entry, look);
  return <Viewer volume={volume} look={look} grids={grids} />;
}
