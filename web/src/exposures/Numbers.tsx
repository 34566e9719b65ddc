import type { Shown } from "../kit/format";
import { Quantity } from "../kit/Quantity";

/** Numbers by what they are, one below the other. */
export function Numbers({ rows }: { rows: readonly (readonly [string, Shown])[] }) {
  return (
    <dl className="numlist">
      {rows.map(([label, shown]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd><Quantity {...shown} /></dd>
        </div>
      ))}
    </dl>
  );
}
