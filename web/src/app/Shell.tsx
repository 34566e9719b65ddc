import { useHotkeys } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Outlet, useParams } from "react-router";
import { ProjectContext } from "../api/project";
import { runsQuery } from "../api/queries";
import { useProjectEvents } from "../api/useProjectEvents";
import { PageSkeleton } from "./PageSkeleton";
import { Rail } from "./Rail";
import { SignedOut } from "./SignedOut";
import { TopBar } from "./TopBar";
import { useSignedOut } from "../api/signedOut";
import "./shell.css";

const Palette = lazy(() => import("./Palette"));

/** What stands around every page: rail, breadcrumb line, and the stream of the project that is open. */
export function Shell() {
  const { project } = useParams();
  const signedOut = useSignedOut();
  const [paletteOpen, setPaletteOpen] = useState(false);
  const runs = useQuery({ ...runsQuery(project ?? ""), enabled: project !== undefined && !signedOut });
  const live = useProjectEvents(signedOut ? undefined : project, runs.data?.event);
  useHotkeys([["mod+K", () => setPaletteOpen(true)]], []);
  if (signedOut) return <SignedOut />;
  return (
    <div className="app">
      <a className="skip" href="#page">To the page</a>
      <Rail project={project} />
      <TopBar live={project ? live : null} openPalette={() => setPaletteOpen(true)} />
      <div className="content">
        <ProjectContext value={project ?? ""}>
          <Suspense fallback={<PageSkeleton />}>
            <Outlet />
          </Suspense>
        </ProjectContext>
      </div>
      {paletteOpen && (
        <Suspense fallback={null}>
          <Palette project={project} close={() => setPaletteOpen(false)} />
        </Suspense>
      )}
    </div>
  );
}
