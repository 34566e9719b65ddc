import { problemOf } from "../api/problems";
import { Icon } from "./Icon";
import "./notes.css";

/** What could not be done, in the server's words. */
export function ProblemNote({ error, children }: { error: unknown; children?: React.ReactNode }) {
  const problem = problemOf(error);
  return (
    <div className="problem" role="alert">
      <Icon name="cross" />
      <div className="grow">
        <p>{problem.message}</p>
        {problem.listing && <pre className="mono">{problem.listing}</pre>}
        {problem.path && <p className="mono faint">{problem.path}</p>}
        {children}
      </div>
    </div>
  );
}
