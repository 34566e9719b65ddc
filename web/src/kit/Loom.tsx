/** The mark of cryoloom. */
export function Loom() {
  return (
    <svg width="28" height="28" viewBox="0 0 28 28" fill="none" stroke="currentColor" strokeWidth="2.4" strokeLinecap="round" aria-hidden="true">
      <path d="M8 4v6M8 14v10M14 4v10M14 18v6M20 4v6M20 14v10" />
      <path d="M4 12h14M22 12h2M4 16h8M16 16h8" opacity=".55" />
    </svg>
  );
}
