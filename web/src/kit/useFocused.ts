import { useEffect, useRef, type RefObject } from "react";

/** A field that a person has just asked for: it has the focus when it appears. */
export function useFocused<T extends HTMLElement>(): RefObject<T | null> {
  const field = useRef<T>(null);
  useEffect(() => {
    field.current?.focus();
  }, []);
  return field;
}
