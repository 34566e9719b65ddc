import { NewProject } from "./NewProject";

/** The first thing that people see: what a project is, and one field. */
export function FirstStart({ folder }: { folder: string | undefined }) {
  return (
    <section className="panel first" aria-labelledby="first-title">
      <h2 id="first-title">Make your first project</h2>
      <p className="dim">
        A project holds everything that is done with one specimen or one session, from the movies of the microscope to the map. It is a folder
        {folder && <> in <span className="mono">{folder}</span></>} that can be moved, copied and opened elsewhere. Raw data stay where they are.
      </p>
      <NewProject />
    </section>
  );
}
