import { Button } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Token } from "../api/types";
import { ago, moment } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { Status } from "../kit/Status";
import { useFocused } from "../kit/useFocused";
import { useNow } from "../kit/useNow";
import { revokeToken } from "./acts";
import { tokensQuery } from "./queries";
import { EXPIRED, GOOD } from "./words";

/** A person's tokens, and revoking them. */
export function TokenTable({ tokens }: { tokens: readonly Token[] }) {
  const now = useNow();
  const client = useQueryClient();
  const revoke = useMutation({ mutationFn: revokeToken, onSettled: () => client.invalidateQueries({ queryKey: tokensQuery.queryKey }) });
  return (
    <section className="panel" aria-labelledby="tokens-title">
      <header><h2 id="tokens-title">Your tokens</h2></header>
      {revoke.isError && <ProblemNote error={revoke.error} />}
      <div className="scrolled" role="region" aria-label="Table of tokens" tabIndex={0}>
        <table className="sheet">
          <thead><tr><th scope="col">For</th><th scope="col">State</th><th scope="col">May</th><th scope="col">Expires</th><th scope="col">Last used</th><th scope="col"><span className="sr">Acts</span></th></tr></thead>
          <tbody>
            {tokens.map((token) => (
              <tr key={token.id}>
                <td className="wrap b">{token.name}</td>
                <td><Status look={token.expired ? EXPIRED : GOOD} /></td>
                <td>{token.read_only ? "look" : "look and change"}</td>
                <td>{moment(token.expires)}</td>
                <td>{token.last_used ? ago(Date.parse(token.last_used), now) : <span className="faint">never</span>}</td>
                <td className="r"><Revoke token={token} revoke={() => revoke.mutate(token.id)} busy={revoke.isPending} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Revoke({ token, revoke, busy }: { token: Token; revoke: () => void; busy: boolean }) {
  const [sure, setSure] = useState(false);
  if (!sure) return <Button variant="subtle" aria-label={`Revoke the token ${token.name}`} onClick={() => setSure(true)}>Revoke</Button>;
  return <Sure revoke={revoke} busy={busy} keep={() => setSure(false)} />;
}

function Sure({ revoke, busy, keep }: { revoke: () => void; busy: boolean; keep: () => void }) {
  const first = useFocused<HTMLButtonElement>();
  return (
    <span className="row">
      <Button size="xs" variant="filled" loading={busy} onClick={revoke} ref={first}>Revoke for good</Button>
      <Button size="xs" variant="subtle" onClick={keep}>Keep</Button>
    </span>
  );
}
