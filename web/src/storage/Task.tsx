import type { StorageDocument } from "../api/types";
import { shareDone, taskWords } from "./words";

/** What is being done, with a bar of how far it is. */
export function Task({ task }: { task: NonNullable<StorageDocument["task"]> }) {
  return (
    <div className="panel storagenote tone-run" role="status">
      <p>{taskWords(task)}</p>
      <div className="bar"><i style={{ width: `${100 * shareDone(task)}%` }} /></div>
    </div>
  );
}
