/** Runs one job at a time; of those that come meanwhile only the last is run, and the others never are. */
export function latestOnly(): (job: () => Promise<void>) => void {
  let waiting: (() => Promise<void>) | null = null;
  let busy = false;
  const next = () => {
    const job = waiting;
    waiting = null;
    busy = job !== null;
    if (job) void job().finally(next);
  };
  return (job) => {
    waiting = job;
    if (!busy) next();
  };
}
