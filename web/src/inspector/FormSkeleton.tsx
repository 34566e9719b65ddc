import { Skeleton } from "@mantine/core";

/** A form before it is there. */
export function FormSkeleton() {
  return (
    <div className="section stack" aria-busy="true">
      <span className="sr">Loading</span>
      {[0, 1, 2, 3, 4].map((line) => <Skeleton key={line} height={32} />)}
    </div>
  );
}
