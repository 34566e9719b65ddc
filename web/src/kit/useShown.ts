import { useEffect, useRef } from "react";

/** Shows a thing when it is selected, and not again when things around it change; `at` below 0: it is not there yet. */
export function useShown(selected: string | null, at: number, show: (at: number) => void): void {
  const shown = useRef<string | null>(null);
  useEffect(() => {
    if (selected === shown.current || at < 0) return;
    shown.current = selected;
    show(at);
  });
}
