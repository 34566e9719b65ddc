import { TextInput } from "@mantine/core";
import { useState } from "react";
import type { PlotDocument } from "../../api/types";
import { numberIn, type Range } from "./ranges";

interface Props {
  axis: PlotDocument["x"];
  range: Range | null;
  mark: (range: Range | null) => void;
}

/** The limits of what is marked along an axis, to be typed. */
export function RangeFields({ axis, range, mark }: Props) {
  const [typed, setTyped] = useState<{ from: string; to: string; of: Range | null }>({ from: "", to: "", of: null });
  const own = typed.of === range;
  const from = own ? typed.from : textOf(range?.[0]);
  const to = own ? typed.to : textOf(range?.[1]);
  const type = (next: { from: string; to: string }) => {
    const [first, last] = [numberIn(next.from), numberIn(next.to)];
    const made: Range | null = first === null && last === null ? null : [first, last];
    setTyped({ ...next, of: made });
    mark(made);
  };
  const wrong = (text: string) => text.trim() !== "" && numberIn(text) === null;
  return (
    <fieldset className="rangefields">
      <legend className="sm">{axis.name}{axis.unit && <span className="u"> {axis.unit}</span>}</legend>
      <TextInput aria-label={`${axis.name} from`} placeholder="from" inputMode="decimal" autoComplete="off" value={from} error={wrong(from)} onChange={(event) => type({ from: event.currentTarget.value, to })} />
      <span aria-hidden="true">–</span>
      <TextInput aria-label={`${axis.name} to`} placeholder="to" inputMode="decimal" autoComplete="off" value={to} error={wrong(to)} onChange={(event) => type({ from, to: event.currentTarget.value })} />
    </fieldset>
  );
}

function textOf(limit: number | null | undefined): string {
  return limit == null ? "" : String(limit);
}
