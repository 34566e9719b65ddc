import { Select, TextInput } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { useEffect, useRef } from "react";
import type { RunSummary } from "../api/types";
import { count, counted } from "../kit/format";
import { Icon } from "../kit/Icon";
import { lookOf, STATES } from "../kit/status";
import { isSearching, stateCounts, tagsOf } from "./filter";
import { useWorkflow } from "./useWorkflow";

const WAITED = 120; // ms after the last letter; the field is the writer's own meanwhile

/** What is looked for among the runs; the address follows what is typed. */
export function SearchLine({ runs, found }: { runs: readonly RunSummary[]; found: number }) {
  const [{ search }, change] = useWorkflow();
  const field = useRef<HTMLInputElement>(null);
  const find = useDebouncedCallback((text: string) => change({ q: text || null }), WAITED);
  useEffect(() => {
    if (field.current && document.activeElement !== field.current) field.current.value = search.text;
  }, [search.text]);
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
        defaultValue={search.text}
        onChange={(event) => find(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.currentTarget.value = "";
          find("");
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
