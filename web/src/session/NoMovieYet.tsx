import { Empty } from "../kit/Empty";

/** Stands where exposures will be. */
export function NoMovieYet() {
  return <Empty title="No movie has been aligned yet"><p>The first measures come here as soon as the first movie has been aligned; this page shows them as they come.</p></Empty>;
}
