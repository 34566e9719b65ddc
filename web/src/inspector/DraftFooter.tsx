import { Button } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { startRun } from "../api/acts";
import { predictionQuery } from "../api/queries";
import { bytes, counted, duration } from "../kit/format";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { Quantity } from "../kit/Quantity";
import type { Draft } from "./useDraft";

/** Starts a draft, and says beforehand what it will take. */
export function DraftFooter({ project, run, draft }: { project: string; run: string; draft: Draft }) {
  const prediction = useQuery({ ...predictionQuery(project, run), staleTime: 0 });
  const start = useMutation({
    mutationFn: async () => {
      if (await draft.settled()) await startRun(project, run);
    },
  });
  const wrong = Object.keys(draft.problems).length;
  return (
    <footer>
      {prediction.data && (
        <p className="sm dim">
          Predicted {duration(prediction.data.seconds)} · <Quantity {...bytes(prediction.data.memory)} /> of memory at its peak
        </p>
      )}
      {prediction.data && prediction.data.advice.length > 0 && (
        <ul className="warns">{prediction.data.advice.map((advice) => <li key={advice}><Icon name="triangle" /><span>{advice}</span></li>)}</ul>
      )}
      {start.isError && <ProblemNote error={start.error} />}
      <div className="row">
        <span className="grow" role="status">
          {wrong > 0 && <span className="st bare tone-fail"><Icon name="cross" />{counted(wrong, "values")} to mend</span>}
        </span>
        {wrong > 0 && <Button onClick={draft.discard}>Discard</Button>}
        <Button variant="filled" leftSection={<Icon name="play" />} disabled={wrong > 0} loading={start.isPending} onClick={() => start.mutate()}>Start run</Button>
      </div>
    </footer>
  );
}
