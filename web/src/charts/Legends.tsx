/** How a line is drawn, and what it is. */
export interface Key {
  name: string;
  colour: string;
  /** As `stroke-dasharray` says it; empty for a whole line. */
  dash: string;
  points?: boolean;
}

/** What the lines of a chart are. */
export function Legends({ keys }: { keys: readonly Key[] }) {
  return (
    <p className="legends">
      {keys.map(({ name, colour, dash, points }) => (
        <span key={name} className="legend">
          <svg width="20" height="8" aria-hidden="true">
            {points ? <circle cx="10" cy="4" r="3.5" fill={colour} /> : <path d="M0 4h20" stroke={colour} strokeWidth="2" strokeDasharray={dash || undefined} />}
          </svg>
          {name}
        </span>
      ))}
    </p>
  );
}
