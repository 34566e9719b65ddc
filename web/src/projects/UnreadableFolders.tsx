import type { UnreadableProject } from "../api/types";
import { Status } from "../kit/Status";
import { UNREADABLE } from "../kit/status";

/** Folders that should be projects, and why they cannot be opened. */
export function UnreadableFolders({ folders }: { folders: readonly UnreadableProject[] }) {
  return (
    <section className="panel" aria-labelledby="unreadable-title">
      <header><h2 id="unreadable-title">Folders that cannot be opened</h2></header>
      <ul className="unreadable">
        {folders.map(({ folder, reason }) => (
          <li key={folder}>
            <Status look={UNREADABLE} />
            <span className="grow"><span className="b">{folder}</span><span className="dim sm">{reason}</span></span>
          </li>
        ))}
      </ul>
    </section>
  );
}
