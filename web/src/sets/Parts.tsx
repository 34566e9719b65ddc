import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { count } from "../kit/format";
import { PART, partOf } from "./rows";

interface Props {
  matching: number;
  part: { start: number; length: number };
  /** Shows a row, from 0. */
  show: (row: number) => void;
}

/** Which rows can be scrolled to, and ways to others. */
export function Parts({ matching, part: { start, length }, show }: Props) {
  const [text, setText] = useState("");
  const row = Number(text.replaceAll(/\s/g, ""));
  const known = Number.isInteger(row) && row >= 1 && row <= matching;
  return (
    <form
      className="parts sm"
      onSubmit={(event) => {
        event.preventDefault();
        if (known) show(row - 1);
      }}
    >
      {matching > PART && (
        <>
          <span className="dim nw" role="status">Rows {count(start + 1)} to {count(start + length)} of {count(matching)}</span>
          <Button size="xs" disabled={start === 0} onClick={() => show(partOf(start - 1, matching).start)}>Former rows</Button>
          <Button size="xs" disabled={start + length >= matching} onClick={() => show(start + length)}>Further rows</Button>
        </>
      )}
      <span className="grow" />
      <label htmlFor="go-to-row" className="dim nw">Go to row</label>
      <TextInput id="go-to-row" size="xs" inputMode="numeric" autoComplete="off" value={text} error={text !== "" && !known} aria-description={`From 1 to ${matching}`} onChange={(event) => setText(event.currentTarget.value)} />
      <Button size="xs" type="submit" disabled={!known}>Go</Button>
    </form>
  );
}
