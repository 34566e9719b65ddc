import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { problemOf } from "../api/problems";
import type { ColumnDocument } from "../api/types";
import { Icon } from "../kit/Icon";
import { isNumber } from "./rows";

interface Props {
  filter: string;
  error: Error | null;
  columns: readonly ColumnDocument[] | undefined;
  apply: (filter: string) => void;
}

/** A condition on the columns; what the server cannot understand it says. */
export function FilterLine({ filter, error, columns, apply }: Props) {
  const [text, setText] = useState(filter);
  const example = columns?.find(isNumber)?.name ?? "fit_resolution";
  return (
    <form
      className="filterline"
      onSubmit={(event) => {
        event.preventDefault();
        apply(text.trim());
      }}
    >
      <TextInput
        className="grow"
        aria-label="Filter"
        placeholder={`A condition, such as ${example} < 6`}
        leftSection={<Icon name="search" />}
        value={text}
        spellCheck={false}
        autoComplete="off"
        error={error ? problemOf(error).message : undefined}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button type="submit">Filter</Button>
      {filter && (
        <Button
          variant="subtle"
          onClick={() => {
            setText("");
            apply("");
          }}
        >
          Show all
        </Button>
      )}
    </form>
  );
}
