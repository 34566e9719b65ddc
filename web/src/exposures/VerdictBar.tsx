import type { ExposureVerdict } from "../api/types";
import { Status } from "../kit/Status";
import { lookOf } from "./verdicts";

interface Props {
  verdict: ExposureVerdict | undefined;
  isDeciding: boolean;
  /** Who may only look sees what is decided, without the buttons. */
  mayDecide: boolean;
  canUndo: boolean;
  say: (asked: "keep" | "leave_out") => void;
  undo: () => void;
}

/** Whether an exposure is kept, and buttons by which a person says so. */
export function VerdictBar({ verdict, isDeciding, mayDecide, canUndo, say, undo }: Props) {
  const look = verdict && lookOf(verdict);
  const disabled = !verdict || isDeciding;
  const unread = verdict?.by_hand != null && verdict.read_by.length === 0;
  return (
    <div className="verdictbar" role="group" aria-label="Whether it is kept">
      <span role="status" className="sm">
        {look && <Status look={look} words={look.word} />}
        {unread && <span className="faint hide-narrow"> · no run goes on with what run {verdict.run_number} keeps</span>}
      </span>
      {mayDecide && (
        <>
          <button type="button" aria-pressed={verdict?.by_hand === "keep"} disabled={disabled} onClick={() => say("keep")}>Keep</button>
          <button type="button" aria-pressed={verdict?.by_hand === "leave_out"} disabled={disabled} onClick={() => say("leave_out")}>Reject</button>
          <button type="button" disabled={!canUndo || isDeciding} onClick={undo}>Undo</button>
        </>
      )}
    </div>
  );
}
