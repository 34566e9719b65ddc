import { Button } from "@mantine/core";
import { Loom } from "../kit/Loom";

/** The one page for people whom the server does not know. */
export function SignedOut() {
  return (
    <main className="calm">
      <Loom />
      <h1>You are not signed in here</h1>
      <p className="dim">
        When the server was started, it printed an address that ends in <span className="mono">/enter?key=…</span>. Open that address in this browser; it is remembered for you from then on.
      </p>
      <p className="dim">Nothing has stopped: runs go on whether somebody looks or not.</p>
      <Button onClick={() => location.reload()}>I have opened it, try again</Button>
    </main>
  );
}
