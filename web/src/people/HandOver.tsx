import { Button, Modal, Select } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import type { HandoverPreview, KnownPerson, Sharing } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";
import { handOver, previewHandover } from "./acts";
import { PersonPicker } from "./PersonPicker";
import { useHandedOver } from "./useSharing";

type Kept = HandoverPreview["keep"];

const KEPT: { value: Kept; label: string }[] = [
  { value: "write", label: "may still work in it" },
  { value: "read", label: "may only look at it" },
  { value: "nothing", label: "does not find it any more" },
];

/** Makes somebody else the owner, after a look at what that means. */
export function HandOver({ project, sharing }: { project: string; sharing: Sharing }) {
  const [to, choose] = useState<KnownPerson | null>(null);
  const [keep, setKeep] = useState<Kept>("write");
  const look = useMutation({ mutationFn: (person: KnownPerson) => previewHandover(project, person.id, keep) });
  return (
    <section className="panel" aria-labelledby="handover-title">
      <header><h2 id="handover-title">Hand it over</h2></header>
      <form
        className="body"
        onSubmit={(event) => {
          event.preventDefault();
          if (to) look.mutate(to);
        }}
      >
        <p className="dim">Another person becomes the owner, and alone decides from then on with whom the project is shared. You see what happens before it does.</p>
        <div className="fields">
          <PersonPicker label="New owner" person={to} choose={choose} among={(people) => people.filter((one) => one.id !== sharing.owner)} />
          {sharing.owner && <Select label={`What ${sharing.owner_name} keeps`} data={KEPT} value={keep} allowDeselect={false} onChange={(kept) => kept && setKeep(kept)} />}
          <Button type="submit" disabled={!to} loading={look.isPending}>Preview</Button>
        </div>
        {look.isError && <ProblemNote error={look.error} />}
      </form>
      {look.data && <Confirm project={project} preview={look.data} close={() => look.reset()} />}
    </section>
  );
}

function Confirm({ project, preview, close }: { project: string; preview: HandoverPreview; close: () => void }) {
  const handedOver = useHandedOver(project);
  const act = useMutation({
    mutationFn: () => handOver(project, { to: preview.to.id, keep: preview.keep, revision: preview.revision }),
    onSuccess: async (sharing) => {
      close();
      if (preview.keep === "nothing") location.assign("/");
      else await handedOver(sharing);
    },
  });
  return (
    <Modal opened onClose={close} title={`Hand the project over to ${preview.to.name}?`} closeButtonProps={{ "aria-label": "Close" }} transitionProps={{ duration: 100 }}>
      <div className="stack">
        <ul className="foretold">{preview.sentences.map((sentence) => <li key={sentence}>{sentence}</li>)}</ul>
        {act.isError && <ProblemNote error={act.error} />}
        <div className="row">
          <Button variant="filled" loading={act.isPending} onClick={() => act.mutate()}>Hand over</Button>
          <Button variant="subtle" onClick={close} data-autofocus>Leave it as it is</Button>
        </div>
      </div>
    </Modal>
  );
}
