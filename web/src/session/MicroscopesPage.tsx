import { Button, NumberInput, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { PageSkeleton } from "../app/PageSkeleton";
import { Empty } from "../kit/Empty";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { meQuery } from "../people/queries";
import { definedBy, defineMicroscopes, draftsOf, EMPTY, microscopesQuery, type Draft } from "./microscopes";
import "../people/people.css";
import "./session.css";

/** The microscopes of this server, defined once by administrators. */
export function MicroscopesPage() {
  const me = useQuery(meQuery).data;
  const read = useQuery(microscopesQuery);
  const client = useQueryClient();
  const [edited, setEdited] = useState<Draft[] | null>(null);
  const saving = useMutation({
    mutationFn: defineMicroscopes,
    onSuccess: (answer) => {
      client.setQueryData(microscopesQuery.queryKey, answer);
      setEdited(null);
    },
  });
  if (!me || read.isPending) return <PageSkeleton />;
  if (me.role !== "admin") return <main className="page" id="page"><Empty title="This page is for administrators"><p>Administrators of this server define its microscopes here. <Link to="/sessions/new">Begin a session</Link> at one of them.</p></Empty></main>;
  if (read.isError) return <main className="page" id="page"><div className="section"><ProblemNote error={read.error} /></div></main>;
  const drafts = edited ?? draftsOf(read.data);
  const change = (at: number, changed: Partial<Draft>) => setEdited(drafts.map((one, place) => (place === at ? { ...one, ...changed } : one)));
  const defined = definedBy(drafts);
  return (
    <main className="page scroll" id="page">
      <div className="pagehead">
        <h1>Microscopes</h1>
        <span className="grow" />
        <Button leftSection={<Icon name="add" />} onClick={() => setEdited([...drafts, EMPTY])}>Add a microscope</Button>
        {edited && <Button onClick={() => { setEdited(null); saving.reset(); }}>Forget</Button>}
        {edited && <Button variant="filled" loading={saving.isPending} disabled={!defined} onClick={() => defined && saving.mutate({ microscopes: defined, revision: read.data.revision })}>Keep these microscopes</Button>}
      </div>
      <div className="people wide">
        {saving.isError && <ProblemNote error={saving.error} />}
        {drafts.length === 0 && <Empty title="No microscope has been defined"><p>Define each microscope once: voltage, spherical aberration, the calibrated pixel size of each magnification, and where its gain references are put. Visitors then begin a session by choosing microscope and magnification.</p></Empty>}
        {drafts.map((draft, at) => <MicroscopeFields key={at} draft={draft} trouble={edited ? "" : (read.data.microscopes[at]?.trouble ?? "")} change={(changed) => change(at, changed)} remove={() => setEdited(drafts.filter((_, place) => place !== at))} />)}
      </div>
    </main>
  );
}

function MicroscopeFields({ draft, trouble, change, remove }: { draft: Draft; trouble: string; change: (changed: Partial<Draft>) => void; remove: () => void }) {
  const { magnifications } = draft;
  const magnify = (at: number, changed: Partial<Draft["magnifications"][number]>) => change({ magnifications: magnifications.map((one, place) => (place === at ? { ...one, ...changed } : one)) });
  const name = draft.name || "new microscope";
  return (
    <section className="panel" aria-label={name}>
      <header><h2 className="grow">{name}</h2><Button size="xs" aria-label={`Remove ${name}`} onClick={remove}>Remove</Button></header>
      <div className="body">
        {trouble && <p role="status">{trouble}</p>}
        <div className="fields">
          <TextInput className="grow" label="Name" placeholder="Krios 1" value={draft.name} maxLength={80} onChange={(event) => change({ name: event.currentTarget.value })} />
          <NumberInput label="Voltage (kV)" min={20} max={1000} hideControls value={draft.voltage} onChange={(voltage) => change({ voltage })} />
          <NumberInput label="Spherical aberration (mm)" min={0} max={20} hideControls value={draft.spherical_aberration} onChange={(spherical_aberration) => change({ spherical_aberration })} />
        </div>
        <div className="fields">
          <TextInput className="grow" label="Gain folder" description="The newest reference in it is taken; empty if movies are corrected already." value={draft.gain_folder} onChange={(event) => change({ gain_folder: event.currentTarget.value })} />
          <TextInput label="Workflow" description="Its name, or a file." value={draft.template} onChange={(event) => change({ template: event.currentTarget.value })} />
          <TextInput label="Lane" description="Where runs are carried out." value={draft.lane} onChange={(event) => change({ lane: event.currentTarget.value })} />
        </div>
        {magnifications.map((one, at) => (
          <div className="fields" role="group" aria-label={`Magnification ${one.name || at + 1}`} key={at}>
            <TextInput label="Magnification" placeholder="105 000 ×" value={one.name} maxLength={80} onChange={(event) => magnify(at, { name: event.currentTarget.value })} />
            <NumberInput label="Pixel size (Å/px)" min={0} decimalScale={5} hideControls value={one.pixel_size} onChange={(pixel_size) => magnify(at, { pixel_size })} />
            <NumberInput label="Dose per frame (e/Å²)" min={0} decimalScale={4} hideControls value={one.dose_per_frame} onChange={(dose_per_frame) => magnify(at, { dose_per_frame })} />
            {magnifications.length > 1 && <Button aria-label={`Remove magnification ${one.name || at + 1}`} onClick={() => change({ magnifications: magnifications.filter((_, place) => place !== at) })}>Remove</Button>}
          </div>
        ))}
        <Button leftSection={<Icon name="add" />} onClick={() => change({ magnifications: [...magnifications, { name: "", pixel_size: "", dose_per_frame: "" }] })}>Add a magnification</Button>
      </div>
    </section>
  );
}
