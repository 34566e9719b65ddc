import { useState } from "react";
import { count } from "../kit/format";
import { between, MOST_CHOSEN, NONE, withRows, type Chosen } from "./choosing";

/** Rows that are chosen one by one, and what to say if they cannot be. */
export function useChosen() {
  const [chosen, setChosen] = useState<Chosen>(NONE);
  const [refused, setRefused] = useState("");
  const take = (next: Chosen | null) => {
    setRefused(next ? "" : `At most ${count(MOST_CHOSEN)} rows are chosen one by one. A filter, or what is marked in a plot, chooses any number.`);
    if (next) setChosen(next);
  };
  return {
    chosen,
    refused,
    clear: () => take(NONE),
    toggle: (id: string) => take(withRows(chosen, [id], !chosen.has(id))),
    extend: (from: number, to: number, idAt: (row: number) => string | undefined) => {
      const ids = between(from, to, idAt);
      take(ids && withRows(chosen, ids, true));
    },
  };
}

export type Choosing = ReturnType<typeof useChosen>;
