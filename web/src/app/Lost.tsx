import { Button } from "@mantine/core";
import { Link, useRouteError } from "react-router";

/** For addresses that lead nowhere, and for mistakes of the page itself. */
export function Lost() {
  const error = useRouteError();
  const failed = error instanceof Error;
  return (
    <main className="calm" id="page">
      <h1>{failed ? "This page could not be shown" : "There is nothing at this address"}</h1>
      <p className="dim">
        {failed ? `The page made a mistake: ${error.message}. Your data and runs are not affected. Reload the page; if it happens again, please report these words.` : "It may have been mistyped, or what was here has been moved."}
      </p>
      <div className="row">
        {failed && <Button variant="filled" onClick={() => location.reload()}>Reload</Button>}
        <Button component={Link} to="/">All projects</Button>
      </div>
    </main>
  );
}
