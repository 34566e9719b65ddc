import { Button, Select } from "@mantine/core";
import { useState } from "react";
import type { KnownPerson, Right, Sharing } from "../api/types";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { PersonPicker } from "./PersonPicker";
import { notYetIn, withShare } from "./sharing";
import { useSharing } from "./useSharing";
import { RIGHTS } from "./words";

/** Shares a project with one person more. */
export function ShareWith({ project, sharing }: { project: string; sharing: Sharing }) {
  const [person, choose] = useState<KnownPerson | null>(null);
  const [right, setRight] = useState<Right>("write");
  const change = useSharing(project, sharing);
  const share = () => person && change.mutate(withShare(sharing.shares, person, right), { onSuccess: () => choose(null) });
  return (
    <section className="panel" aria-labelledby="share-title">
      <header><h2 id="share-title">Share with somebody</h2></header>
      <form
        className="body"
        onSubmit={(event) => {
          event.preventDefault();
          share();
        }}
      >
        <div className="fields">
          <PersonPicker label="Person" person={person} choose={choose} among={(people) => notYetIn(sharing, people)} />
          <Select label="What they may do" data={(["read", "write"] as const).map((one) => ({ value: one, label: RIGHTS[one] }))} value={right} allowDeselect={false} onChange={(to) => to && setRight(to)} />
          <Button type="submit" variant="filled" leftSection={<Icon name="add" />} disabled={!person} loading={change.isPending}>Share</Button>
        </div>
        {change.isError && <ProblemNote error={change.error} />}
      </form>
    </section>
  );
}
