import { Button } from "@mantine/core";
import { Empty } from "../kit/Empty";
import { useWorkflow } from "./useWorkflow";

/** A project without runs. */
export function EmptyWorkflow({ readOnly }: { readOnly: string }) {
  const [, change] = useWorkflow();
  return (
    <Empty title="Nothing has been done in this project yet">
      <p>A run takes data one step further. Begin with an import: movies from a microscope, or micrographs, particles or a map that you have already. What it makes is then the input of the next run.</p>
      {readOnly ? <p>{readOnly}</p> : <Button variant="filled" onClick={() => change({ add: "" })}>Add the first run</Button>}
    </Empty>
  );
}

/** A search that finds nothing. */
export function NothingFound() {
  const [, change] = useWorkflow();
  return (
    <Empty title="No run is like that">
      <p>Use fewer words, another state or another tag.</p>
      <Button onClick={() => change({ q: null, state: null, tag: null })}>Show all runs</Button>
    </Empty>
  );
}
