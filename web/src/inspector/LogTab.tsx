import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { logQuery } from "../api/queries";
import type { RunSummary } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { FormSkeleton } from "./FormSkeleton";

/** The end of a run's log; it follows the run while its end is in view. */
export function LogTab({ project, run }: { project: string; run: RunSummary }) {
  const log = useQuery({ ...logQuery(project, run.ulid), staleTime: 0 });
  const end = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const text = log.data?.text;
  useEffect(() => {
    if (!text || !end.current) return;
    if (following.current) end.current.scrollIntoView({ block: "end" });
    const watch = new IntersectionObserver(([seen]) => {
      following.current = seen?.isIntersecting ?? true;
    });
    watch.observe(end.current);
    return () => watch.disconnect();
  }, [text]);
  if (log.isError) return <div className="section"><ProblemNote error={log.error} /></div>;
  if (log.isPending) return <FormSkeleton />;
  if (!text) return <p className="nothing">{run.state === "draft" ? "A log begins when the run is started." : "Nothing has been written yet."}</p>;
  return (
    <>
      {log.data.truncated && <p className="nothing sm">Only the end is shown; all of it is in log.txt in the run's folder.</p>}
      <pre className="log">{text}</pre>
      <div ref={end} style={{ height: 1 }} />
    </>
  );
}
