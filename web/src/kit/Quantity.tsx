import type { Shown } from "./format";

/** A number with its unit in a lighter tone, never apart from each other. */
export function Quantity({ value, unit }: Shown) {
  return (
    <span className="nw">
      {value}
      {unit && <span className="u">{`\u202f${unit}`}</span>}
    </span>
  );
}
