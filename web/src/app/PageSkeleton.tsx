import { Skeleton } from "@mantine/core";

/** A page before it is there. */
export function PageSkeleton() {
  return (
    <main className="page" id="page" aria-busy="true">
      <div className="pagehead"><Skeleton height={24} width={280} /></div>
      <div className="stack" style={{ padding: "0 16px" }}>
        {[0, 1, 2, 3, 4, 5].map((line) => <Skeleton key={line} height={36} />)}
      </div>
      <p className="sr">Loading</p>
    </main>
  );
}
