const TRIED_AGAIN = 3000; // ms, when the browser has given up by itself

interface Following {
  /** What is done with each kind of message. */
  on: Readonly<Record<string, (message: MessageEvent<string>) => void>>;
  opened?: () => void;
  /** It is interrupted; the browser, or this, tries again. */
  interrupted?: () => void;
  /** The server has refused, or the browser has given up. */
  refused: () => void;
}

/** Follows a stream of events, whose address is asked for at every attempt, until what is returned is called. */
export function followStream(address: () => string, { on, opened, interrupted, refused }: Following): () => void {
  let source: EventSource;
  let retrying: ReturnType<typeof setTimeout> | undefined;
  const connect = () => {
    source = new EventSource(address());
    for (const [kind, take] of Object.entries(on)) source.addEventListener(kind, take);
    source.onopen = () => opened?.();
    source.onerror = () => {
      interrupted?.();
      if (source.readyState !== EventSource.CLOSED) return;
      refused();
      retrying = setTimeout(connect, TRIED_AGAIN);
    };
  };
  connect();
  return () => {
    clearTimeout(retrying);
    source.close();
  };
}
