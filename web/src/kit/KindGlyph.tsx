import { shapeOf } from "./kinds";

/** The shape of a port, for legends and lists. */
export function KindGlyph({ kind }: { kind: string }) {
  return (
    <svg className="glyph" viewBox="-6 -6 12 12" aria-hidden="true">
      <path d={shapeOf(kind)} />
    </svg>
  );
}
