import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { retryFailed } from "../api/acts";
import type { RunDetail } from "../api/types";
import { count, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { byReason } from "./failures";

const SHOWN = 50; // labels of one reason

/** Items that failed or were left out, with their reasons. */
export function FailedTab({ project, detail }: { project: string; detail: RunDetail }) {
  const retry = useMutation({ mutationFn: () => retryFailed(project, detail.ulid) });
  const failed = detail.progress.failed;
  return (
    <>
      {failed > 0 && !detail.read_only && (
        <section aria-label="Retry">
          <div className="row">
            <span className="grow dim">{counted(failed, "items")} failed. The others are not affected.</span>
            <Button leftSection={<Icon name="retry" />} loading={retry.isPending} onClick={() => retry.mutate()}>Retry</Button>
          </div>
          {retry.isSuccess && <p className="faint sm" role="status">They are tried again now.</p>}
          {retry.isError && <ProblemNote error={retry.error} />}
        </section>
      )}
      {byReason(detail.failed_items).map((failure) => (
        <section key={`${failure.excluded} ${failure.reason}`}>
          <div className="sechead">
            <h3>{failure.excluded ? "Left out" : "Failed"}</h3>
            <span className="faint sm">{counted(failure.items.length, "items")}</span>
          </div>
          <p className="prose">{failure.reason || "No reason was given."}</p>
          <ul>
            {failure.items.slice(0, SHOWN).map((item) => <li key={item.id} className="item"><span className="cut mono" title={item.label}>{item.label || item.id}</span></li>)}
            {failure.items.length > SHOWN && <li className="item faint">… and {count(failure.items.length - SHOWN)} more.</li>}
          </ul>
        </section>
      ))}
    </>
  );
}
