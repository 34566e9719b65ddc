import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { hasStar, saveStar, tableAddress } from "./files";
import type { RowsAsked } from "./useRows";

/** Saves the rows that the filter leaves, in their order. */
export function useSaving(asked: RowsAsked, kind: string) {
  const star = useMutation({ mutationFn: () => saveStar(asked) });
  const buttons = (
    <span className="row" role="group" aria-label="Save the rows">
      <Button component="a" href={tableAddress(asked)} download leftSection={<Icon name="download" />}>CSV</Button>
      {hasStar(kind) && <Button leftSection={<Icon name="download" />} loading={star.isPending} onClick={() => star.mutate()}>STAR</Button>}
    </span>
  );
  const said = (
    <>
      {star.isError && <div className="section"><ProblemNote error={star.error} /></div>}
      {star.data && <div className="most sm dim" role="status">{star.data.map((remark) => <p key={remark}>{remark}</p>)}</div>}
    </>
  );
  return { buttons, said };
}
