import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { volumeQuery } from "../api/queries";
import type { MapEntry, VolumeDocument } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { mapAddress } from "./addresses";
import { CurvePanel } from "./charts/CurvePanel";
import { ViewsPanel } from "./charts/ViewsPanel";
import { Facts } from "./Facts";
import { Slices } from "./Slices";
import { useGrid } from "./useGrid";
import { useGrids } from "./useGrids";
import { useLook } from "./useLook";
import { Viewer } from "./Viewer";

interface Props {
  project: string;
  /** What saved charts are called. */
  name: string;
  entry: MapEntry;
}

/** A map with all that tells how good it is. */
export function MapView({ project, name, entry }: Props) {
  const volume = useQuery(volumeQuery(project, entry));
  useGrid(project, entry, "map"); // read while the rest is asked for
  return (
    <div className="mapcols">
      {volume.isPending && <Skeleton height="60%" />}
      {volume.isError && <div className="section"><ProblemNote error={volume.error} /></div>}
      {volume.data && <Looking project={project} volume={volume.data} />}
      <div className="charts" role="region" aria-label="Numbers and charts" tabIndex={0}>
        {volume.data && <Facts volume={volume.data} />}
        {volume.data?.charts.map((chart) => {
          const asked = { project, run: entry.run, map: entry.item, name };
          return chart === "views" ? <ViewsPanel key={chart} {...asked} /> : <CurvePanel key={chart} {...asked} curve={chart} />;
        })}
      </div>
    </div>
  );
}

function Looking({ project, volume }: { project: string; volume: VolumeDocument }) {
  const look = useLook(volume);
  const grids = useGrids(project, volume.entry, look);
  return (
    <div className="looking">
      <Viewer volume={volume} look={look} grids={grids} />
      <Slices volume={volume} look={look} grids={grids} />
    </div>
  );
}

/** The trust page of a refinement as its run has written it; it runs no script and asks for nothing. */
export function TrustPage({ project, entry }: { project: string; entry: MapEntry }) {
  return <iframe className="trustpage" sandbox="" title="Trust page of the refinement" src={`${mapAddress(project, entry)}/trust`} />;
}
