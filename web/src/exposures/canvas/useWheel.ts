import { useEffect, useRef, type RefObject } from "react";

/** Tells how a wheel zooms, and about which place, in CSS pixels from the middle; the page does not scroll under it. */
export function useWheel(element: RefObject<HTMLElement | null>, zoom: (factor: number, from: { x: number; y: number }) => void): void {
  const act = useRef(zoom);
  useEffect(() => {
    act.current = zoom;
  });
  useEffect(() => {
    const on = element.current;
    const wheel = (event: WheelEvent) => {
      if (!on) return;
      event.preventDefault();
      const { left, top, width, height } = on.getBoundingClientRect();
      act.current(Math.exp(-event.deltaY / 400), { x: event.clientX - left - width / 2, y: event.clientY - top - height / 2 });
    };
    on?.addEventListener("wheel", wheel, { passive: false });
    return () => on?.removeEventListener("wheel", wheel);
  }, [element]);
}
