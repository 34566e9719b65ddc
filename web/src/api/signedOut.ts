import { useSyncExternalStore } from "react";

let signedOut = false;
const listeners = new Set<() => void>();

/** Notes that the server does not know who is asking. */
export function noteSignedOut(): void {
  signedOut = true;
  listeners.forEach((tell) => tell());
}

/** Whether the server has said that nobody is signed in here. */
export function useSignedOut(): boolean {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => signedOut,
  );
}
