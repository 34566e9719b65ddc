import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";
import { projectQuery } from "../api/queries";
import { PageSkeleton } from "../app/PageSkeleton";
import { ProblemNote } from "../kit/ProblemNote";
import { HandOver } from "./HandOver";
import { meQuery, sharingQuery } from "./queries";
import { ShareWith } from "./ShareWith";
import { SharedTable } from "./SharedTable";
import "./people.css";

/** Whose a project is, with whom it is shared, and handing it over. */
export function SharingPage() {
  const { project = "" } = useParams();
  const sharing = useQuery(sharingQuery(project));
  const summary = useQuery(projectQuery(project)).data;
  const me = useQuery(meQuery).data;
  if (sharing.isPending) return <PageSkeleton />;
  return (
    <main className="page scroll" id="page">
      <div className="pagehead"><h1 className="cut">Who works in {summary?.name ?? "this project"}</h1></div>
      <div className="people">
        {sharing.isError && <ProblemNote error={sharing.error} />}
        {!me && <Skeleton height={80} />}
        {me?.alone && <p className="dim">You started this server, and nobody else can sign in to it, so there is nobody to share with. How people of an institute sign in is told in the guide for operators.</p>}
        {sharing.data && me && <SharedTable project={project} sharing={sharing.data} me={me.id} />}
        {sharing.data?.may_change && me && !me.alone && <ShareWith project={project} sharing={sharing.data} />}
        {sharing.data?.may_change && me && !me.alone && <HandOver key={sharing.data.owner} project={project} sharing={sharing.data} />}
      </div>
    </main>
  );
}
