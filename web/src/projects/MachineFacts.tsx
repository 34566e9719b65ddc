import type { Machine } from "../api/types";
import { bytes, count } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { Status } from "../kit/Status";
import type { Look } from "../kit/status";

const FOUND: Look = { tone: "ok", icon: "check", word: "found" };
const MISSING: Look = { tone: "idle", icon: "minus", word: "not found" };

/** What runs here: cores, memory, graphics, disk, and programs of others. */
export function MachineFacts({ machine }: { machine: Machine }) {
  const used = 1 - machine.disk.free_bytes / machine.disk.total_bytes;
  return (
    <section className="panel machine" aria-labelledby="machine-title">
      <header>
        <h2 id="machine-title">This machine</h2>
        <span className="faint sm">{machine.host}, as {machine.person} · cryoloom {machine.version}</span>
      </header>
      <dl className="facts">
        <Fact word="Cores" value={<b>{count(machine.cores)}</b>} />
        <Fact word="Memory" value={<b><Quantity {...bytes(machine.memory_bytes)} /></b>} />
        <Fact word="GPUs" value={<b>{machine.gpus.length > 0 ? count(machine.gpus.length) : "none"}</b>} more={machine.gpus.join(", ") || "Everything runs on the cores."} />
        <Fact
          word="Disk"
          value={<b><Quantity {...bytes(machine.disk.free_bytes)} /> free</b>}
          more={<>of <Quantity {...bytes(machine.disk.total_bytes)} /> · <span className="mono">{machine.projects_folder}</span></>}
          bar={used}
        />
      </dl>
      <h3>Programs of others</h3>
      <ul className="programs">
        {machine.programs.map((program) => (
          <li key={program.name}>
            <span className="b">{program.name}</span>
            <Status look={program.path ? FOUND : MISSING} bare />
            <span className="mono faint cut" title={program.path ?? undefined}>{program.path}</span>
          </li>
        ))}
      </ul>
      <p className="faint sm">None of them is needed: what cryoloom does itself takes no other program.</p>
    </section>
  );
}

function Fact({ word, value, more, bar }: { word: string; value: React.ReactNode; more?: React.ReactNode; bar?: number }) {
  return (
    <div>
      <dt className="label">{word}</dt>
      <dd>
        <span className="big">{value}</span>
        {bar !== undefined && <span className="bar tone-idle" style={{ display: "block" }}><i style={{ width: `${100 * bar}%` }} /></span>}
        {more && <span className="sm faint more">{more}</span>}
      </dd>
    </div>
  );
}
