import { Button } from "@mantine/core";
import { useState } from "react";
import type { StorageDocument } from "../api/types";
import { bytes, counted, moment } from "../kit/format";
import { Quantity } from "../kit/Quantity";
import { protocolName } from "../workflow/names";
import { Confirm } from "./Confirm";

interface Props {
  measure: NonNullable<StorageDocument["measure"]>;
  /** Whether nothing can be done now. */
  busy: boolean;
  empty: (digests: Record<string, string>) => void;
  restore: (runs: string[]) => void;
}

/** Removed runs: brought back one by one, or gone for good together. */
export function Trash({ measure: { trash, trashed }, busy, empty, restore }: Props) {
  const [asking, setAsking] = useState(false);
  return (
    <section className="panel" aria-labelledby="trash-title">
      <header>
        <h2 id="trash-title">Trash</h2>
        <span className="dim">{trashed.length === 0 ? "empty" : <>{counted(trashed.length, "runs")}, <Quantity {...bytes(trash.bytes)} /></>}</span>
        <span className="grow" />
        {trashed.length > 0 && <Button size="xs" disabled={busy} onClick={() => setAsking(true)}>Empty now</Button>}
      </header>
      {trashed.length > 0 && (
        <table className="sheet roomy">
          <thead><tr><th scope="col">Run</th><th scope="col">Removed</th><th scope="col" className="r">Takes</th><th scope="col"><span className="sr">Bring back</span></th></tr></thead>
          <tbody>
            {trashed.map((run) => (
              <tr key={run.run}>
                <td>{run.number} {run.label || protocolName(run.protocol)}</td>
                <td className="dim">{run.removed && moment(run.removed)}{run.actor && ` by ${run.actor}`}</td>
                <td className="r"><Quantity {...bytes(run.bytes)} /></td>
                <td className="r"><Button size="xs" variant="subtle" disabled={busy} aria-label={`Bring back run ${run.number}`} onClick={() => restore([run.run])}>Bring back</Button></td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {asking && (
        <Confirm
          title="Empty the trash"
          act="Empty it"
          going={[trash]}
          close={() => setAsking(false)}
          confirm={() => {
            setAsking(false);
            empty({ [trash.name]: trash.digest });
          }}
        />
      )}
    </section>
  );
}
