import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useLocation } from "react-router";
import { Icon } from "../kit/Icon";
import { Loom } from "../kit/Loom";
import "../kit/notes.css";
import { waysQuery } from "../people/queries";
import { refusal, signInAddress } from "../people/words";
import "../people/people.css";

/** The one page for people whom the server does not know. */
export function SignedOut() {
  const ways = useQuery(waysQuery).data;
  const at = useLocation();
  const why = refusal(at.search);
  return (
    <main className="calm" id="page">
      <title>Sign in · cryoloom</title>
      <Loom />
      <h1>You are not signed in here</h1>
      {why && <div className="problem" role="alert"><Icon name="triangle" /><p className="grow">{why}</p></div>}
      {ways?.way === "provider" && (
        <>
          <p className="dim">Sign in with {ways.provider}: you are led there, and back to this page.</p>
          <Button component="a" href={signInAddress(at)} variant="filled" leftSection={<Icon name="person" />}>Sign in with {ways.provider}</Button>
        </>
      )}
      {ways?.way === "key" && (
        <p className="dim">
          When the server was started, it printed an address that ends in <span className="mono">/enter?key=…</span>. Open that address in this browser; it is remembered for you from then on.
        </p>
      )}
      <p className="dim">Nothing has stopped: runs go on whether somebody looks or not.</p>
      {ways?.way !== "provider" && <Button onClick={() => location.reload()}>I have opened it, try again</Button>}
    </main>
  );
}
