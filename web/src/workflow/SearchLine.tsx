import { Select, TextInput } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { useRef } from "react";
import type { RunSummary } from "../api/types";
import { count, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { lookOf, STATES } from "../kit/status";
import { isSearching, stateCounts, tagsOf } from "./filter";
import { useWorkflow } from "./useWorkflow";

/** What is looked for among the runs. */
export function SearchLine({ runs, found }: { runs: readonly RunSummary[]; found: number }) {
  const [{ search }, change] = useWorkflow();
  const field = useRef<HTMLInputElement>(null);
  useHotkeys([["/", () => field.current?.focus()]]);
  const counts = stateCounts(runs);
  const tags = tagsOf(runs);
  return (
    <search className="searchline">
      <TextInput
        ref={field}
        className="searchtext"
        aria-label="Find runs"
        placeholder="Find by name, number, protocol, stage"
        leftSection={<Icon name="search" />}
        rightSection={<kbd>/</kbd>}
        value={search.text}
        onChange={(event) => change({ q: event.currentTarget.value || null })}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          change({ q: null });
          event.currentTarget.blur();
        }}
      />
      <Select
        aria-label="State"
        placeholder="Any state"
        clearable
        value={search.state}
        onChange={(state) => change({ state })}
        data={STATES.filter((state) => counts.has(state)).map((state) => ({ value: state, label: `${lookOf(state).word} (${count(counts.get(state) ?? 0)})` }))}
      />
      {tags.length > 0 && <Select aria-label="Tag" placeholder="Any tag" clearable value={search.tag || null} onChange={(tag) => change({ tag })} data={tags} />}
      <span className="sm faint nw" role="status">
        {isSearching(search) ? `${count(found)} of ${counted(runs.length, "runs")}` : counted(runs.length, "runs")}
      </span>
    </search>
  );
}
