import { Button, Select } from "@mantine/core";
import type { Sharing } from "../api/types";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { withoutShare, withShare } from "./sharing";
import { useSharing } from "./useSharing";
import { RIGHTS } from "./words";

const CHOICES = (["read", "write"] as const).map((right) => ({ value: right, label: RIGHTS[right] }));

/** Everybody who finds a project, and what each may do there. */
export function SharedTable({ project, sharing, me }: { project: string; sharing: Sharing; me: string }) {
  const change = useSharing(project, sharing);
  const named = (person: string, name: string) => (person === me ? `${name} (you)` : name);
  return (
    <section className="panel" aria-labelledby="shared-title">
      <header><h2 id="shared-title">People</h2><span className="sm faint">Administrators of this server find every project.</span></header>
      {change.isError && <ProblemNote error={change.error} />}
      <table className="sheet">
        <thead><tr><th scope="col">Person</th><th scope="col">What they may do</th><th scope="col"><span className="sr">Acts</span></th></tr></thead>
        <tbody>
          <tr>
            <td className="wrap">{sharing.owner ? named(sharing.owner, sharing.owner_name) : <span className="faint">nobody; hand it over to who works in it</span>}</td>
            <td>owns it</td>
            <td />
          </tr>
          {sharing.shares.map((share) => (
            <tr key={share.person}>
              <td className="wrap">{named(share.person, share.name)}</td>
              <td>
                {sharing.may_change ? (
                  <Select aria-label={`What ${share.name} may do`} data={CHOICES} value={share.right} allowDeselect={false} disabled={change.isPending} onChange={(right) => right && change.mutate(withShare(sharing.shares, { id: share.person, name: share.name }, right))} />
                ) : (
                  RIGHTS[share.right]
                )}
              </td>
              <td className="r">
                {sharing.may_change && <Button variant="subtle" leftSection={<Icon name="cross" />} disabled={change.isPending} onClick={() => change.mutate(withoutShare(sharing.shares, share.person))} aria-label={`Share no more with ${share.name}`}>Share no more</Button>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
