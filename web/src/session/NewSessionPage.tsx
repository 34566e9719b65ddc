import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { projectsQuery } from "../api/queries";
import type { MicroscopeDocument } from "../api/types";
import { PageSkeleton } from "../app/PageSkeleton";
import { dayAndClock } from "../kit/format";
import { Empty } from "../kit/Empty";
import { ProblemNote } from "../kit/ProblemNote";
import { meQuery } from "../people/queries";
import { beginSession, microscopesQuery } from "./microscopes";
import "../people/people.css";
import "./session.css";

/** A visitor begins a session: microscope, magnification, folder and size of the specimen; the rest is known. */
export function NewSessionPage() {
  const read = useQuery(microscopesQuery);
  const me = useQuery(meQuery).data;
  if (read.isPending) return <PageSkeleton />;
  return (
    <main className="page scroll" id="page">
      <div className="pagehead"><h1>Begin a session</h1></div>
      <div className="people">
        {read.isError && <ProblemNote error={read.error} />}
        {read.data?.microscopes.length === 0 && (
          <Empty title="No microscope has been defined on this server">
            <p>{me?.role === "admin" ? <>Define one on the page <Link to="/microscopes">Microscopes</Link>; it is done once.</> : "Ask an administrator of this server to define it; it is done once."} Without it, a session begins with a run that imports movies in a project of its own.</p>
          </Empty>
        )}
        {read.data && read.data.microscopes.length > 0 && <SessionForm microscopes={read.data.microscopes} />}
      </div>
    </main>
  );
}

function SessionForm({ microscopes }: { microscopes: readonly MicroscopeDocument[] }) {
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState(microscopes[0]?.name ?? "");
  const [magnification, setMagnification] = useState("");
  const [folder, setFolder] = useState("");
  const [diameter, setDiameter] = useState<number | string>("");
  const [dose, setDose] = useState<number | string>("");
  const [gain, setGain] = useState<string | null>(null);
  const navigate = useNavigate();
  const client = useQueryClient();
  const beginning = useMutation({
    mutationFn: beginSession,
    onSuccess: async ({ project }) => {
      void client.invalidateQueries({ queryKey: projectsQuery.queryKey });
      await navigate(`/projects/${project}/preflight`);
    },
  });
  const microscope = microscopes.find((one) => one.name === chosen);
  const calibrated = microscope?.magnifications.find((one) => one.name === magnification) ?? microscope?.magnifications[0];
  const ready = microscope && calibrated && !microscope.trouble && name.trim() && folder.trim() && Number(diameter) > 0;
  const begin = () => {
    if (!ready) return;
    beginning.mutate({ name: name.trim(), microscope: microscope.name, magnification: calibrated.name, folder: folder.trim(), diameter: Number(diameter), dose_per_frame: Number(dose) > 0 ? Number(dose) : null, gain });
  };
  return (
    <form className="panel" aria-label="Session" onSubmit={(event) => { event.preventDefault(); begin(); }}>
      <div className="body">
        <div className="fields">
          <TextInput className="grow" label="Name" description="Of the project that is made for it." placeholder="β-galactosidase, grid 3" value={name} maxLength={80} onChange={(event) => setName(event.currentTarget.value)} />
        </div>
        <div className="fields">
          <Select label="Microscope" data={microscopes.map((one) => one.name)} value={chosen} allowDeselect={false} onChange={(to) => { setChosen(to ?? ""); setMagnification(""); setGain(null); setDose(""); }} />
          <Select label="Magnification" data={microscope?.magnifications.map((one) => one.name) ?? []} value={calibrated?.name ?? null} allowDeselect={false} onChange={(to) => setMagnification(to ?? "")} />
          {microscope && calibrated && <p className="sm dim" role="status">{microscope.voltage}{"\u202f"}kV · {calibrated.pixel_size}{"\u202f"}Å/px · {microscope.spherical_aberration}{"\u202f"}mm</p>}
        </div>
        {microscope?.trouble && <p role="status">{microscope.trouble}</p>}
        <div className="fields">
          <TextInput className="grow" label="Folder" description="That the microscope writes into, as this machine sees it; subfolders count." placeholder="/data/krios1/2026-11-30" value={folder} onChange={(event) => setFolder(event.currentTarget.value)} />
        </div>
        <div className="fields">
          <NumberInput label="Size of the specimen (Å)" description="The longest diameter of the particle." min={5} max={10000} hideControls value={diameter} onChange={setDiameter} />
          <NumberInput label="Dose per frame (e/Å²)" description="For EER: of a rendered fraction." min={0} max={100} decimalScale={4} hideControls placeholder={calibrated ? String(calibrated.dose_per_frame) : ""} value={dose} onChange={setDose} />
        </div>
        {microscope && microscope.gains.length > 0 && (
          <div className="fields">
            <Select className="grow" label="Gain reference" data={microscope.gains.map((one) => ({ value: one.file, label: `${one.file.split("/").pop() ?? one.file} (${dayAndClock(one.modified)})` }))} value={gain ?? microscope.gains[0]?.file ?? null} allowDeselect={false} onChange={setGain} />
          </div>
        )}
        {beginning.isError && <ProblemNote error={beginning.error} />}
        <Button type="submit" variant="filled" disabled={!ready} loading={beginning.isPending}>Begin the session</Button>
      </div>
    </form>
  );
}
