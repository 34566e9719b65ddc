import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { changeDraft } from "../api/acts";
import { problemOf } from "../api/problems";
import { runQuery } from "../api/queries";
import type { InputLink } from "../api/types";
import { refusals } from "./form/refusals";
import type { Values } from "./form/values";

/** Changes of a draft: written as soon as a field is left, kept on the page while the server does not take them. */
export interface Draft {
  pending: Values;
  problems: Readonly<Record<string, string>>;
  /** Grows when changes are thrown away, so that fields show again what is written. */
  version: number;
  commit: (name: string, value: unknown) => void;
  refuse: (name: string, problem: string) => void;
  link: (input: string, to: InputLink | null) => void;
  discard: () => void;
  /** Waits until everything is written; whether nothing is left to mend. */
  settled: () => Promise<boolean>;
}

type State = Pick<Draft, "pending" | "problems" | "version">;

const CLEAN: State = { pending: {}, problems: {}, version: 0 };

export function useDraft(project: string, run: string): Draft {
  const client = useQueryClient();
  const [state, setState] = useState(CLEAN);
  const latest = useRef(CLEAN);
  const chain = useRef<Promise<unknown>>(Promise.resolve());

  const become = useCallback((next: State) => {
    latest.current = next;
    setState(next);
  }, []);

  const write = useCallback(
    (touched: string, inputs: Record<string, InputLink | null>, values: Values) => {
      chain.current = chain.current.then(async () => {
        const pending = { ...latest.current.pending, ...values };
        try {
          const detail = await changeDraft(project, run, { parameters: pending, inputs });
          become({ ...latest.current, pending: {}, problems: unread(latest.current.problems, [touched, ...Object.keys(pending)]) });
          client.setQueryData(runQuery(project, run).queryKey, detail);
          await client.invalidateQueries({ queryKey: [...runQuery(project, run).queryKey, "prediction"] });
        } catch (error) {
          const { message } = problemOf(error);
          const about = refusals(message, Object.keys(pending));
          become({ ...latest.current, pending, problems: { ...latest.current.problems, ...(Object.keys(about).length > 0 ? about : { [touched]: message }) } });
        }
      });
    },
    [become, client, project, run],
  );

  return useMemo(
    () => ({
      ...state,
      commit: (name, value) => write(name, {}, { [name]: value }),
      refuse: (name, problem) => become({ ...latest.current, problems: { ...latest.current.problems, [name]: problem } }),
      link: (input, to) => write(input, { [input]: to }, {}),
      discard: () => become({ ...CLEAN, version: latest.current.version + 1 }),
      settled: async () => {
        await chain.current;
        return Object.keys(latest.current.problems).length === 0;
      },
    }),
    [state, become, write],
  );
}

/** Problems without those of the names that are mended. */
function unread(problems: Readonly<Record<string, string>>, mended: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(problems).filter(([name]) => !mended.includes(name)));
}
