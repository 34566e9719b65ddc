import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";
import { keepRows } from "../api/acts";
import { withRun } from "../api/events";
import { runQuery, runsQuery } from "../api/queries";
import type { RowPage } from "../api/types";
import { count } from "../kit/format";
import { ProblemNote } from "../kit/ProblemNote";
import { useFocused } from "../kit/useFocused";
import { rowsAddress } from "./addresses";
import type { Chosen } from "./choosing";
import type { RowsAsked } from "./useRows";

interface Props {
  asked: RowsAsked;
  page: RowPage;
  chosen: Chosen;
  close: () => void;
}

/** Keeps what is chosen, or what the filter leaves, as a set of its own: a run of Curate that can be changed later. */
export function KeepAsSet({ asked, page, chosen, close }: Props) {
  const { project, run, output, filter } = asked;
  const [label, setLabel] = useState("");
  const field = useFocused<HTMLInputElement>();
  const client = useQueryClient();
  const keeping = useMutation({
    mutationFn: () => keepRows(project, run, output, { ...(chosen.size > 0 ? { chosen: [...chosen] } : { condition: filter }), generation: page.generation, label: label.trim() }),
    onSuccess: (made) => {
      client.setQueryData(runQuery(project, made.ulid).queryKey, made);
      client.setQueryData(runsQuery(project).queryKey, (list) => list && { ...list, runs: withRun(list.runs, made) });
    },
  });
  const home = `/projects/${project}`;
  if (keeping.data) {
    const { ulid, number } = keeping.data;
    return (
      <div className="keepline" role="status">
        <span className="grow">Run {number} keeps them. <Link to={rowsAddress(home, ulid, "accepted")}>Open its set</Link>, or <Link to={`${home}?run=${ulid}`}>see it in the workflow</Link>.</span>
        <Button size="xs" onClick={close}>Done</Button>
      </div>
    );
  }
  return (
    <form
      className="keepline"
      onSubmit={(event) => {
        event.preventDefault();
        keeping.mutate();
      }}
    >
      <p className="sm dim">{whatIsKept(page, filter, chosen.size)}</p>
      <div className="row">
        <TextInput ref={field} className="grow" aria-label="Name of the set" placeholder="A name for it, if you like" maxLength={200} value={label} onChange={(event) => setLabel(event.currentTarget.value)} />
        <Button type="submit" variant="filled" loading={keeping.isPending}>Keep</Button>
        <Button variant="subtle" onClick={close}>Cancel</Button>
      </div>
      {keeping.isError && <ProblemNote error={keeping.error} />}
    </form>
  );
}

/** What will be kept, in a sentence or two. */
export function whatIsKept(page: RowPage, filter: string, chosen: number): string {
  if (chosen > 0) return `A run of Curate keeps the ${chosen === 1 ? "row" : `${count(chosen)} rows`} that you chose, and sets the others apart.`;
  const now = `A run of Curate keeps the ${count(page.matching)} rows with ${filter}, and sets the others apart.`;
  return page.closed ? now : `${now} Rows that come later are kept by the same condition.`;
}
