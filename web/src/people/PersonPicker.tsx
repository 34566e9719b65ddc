import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { problemOf } from "../api/problems";
import type { KnownPerson } from "../api/types";
import { foundQuery, LEAST_LETTERS } from "./queries";

interface Props {
  label: string;
  person: KnownPerson | null;
  choose: (person: KnownPerson | null) => void;
  /** Which of those that are found may be chosen. */
  among: (people: readonly KnownPerson[]) => KnownPerson[];
}

/** Finds a person by a few letters of name or address. */
export function PersonPicker({ label, person, choose, among }: Props) {
  const [text, setText] = useState("");
  const [wanted] = useDebouncedValue(text.trim(), 200);
  const found = useQuery(foundQuery(wanted));
  const listed = among(found.data ?? []);
  const people = person && !listed.some((one) => one.id === person.id) ? [person, ...listed] : listed;
  return (
    <Select
      className="grow"
      label={label}
      placeholder="Name or e-mail address"
      searchable
      clearable
      value={person?.id ?? null}
      searchValue={text}
      onSearchChange={setText}
      onChange={(id) => choose(people.find((one) => one.id === id) ?? null)}
      data={people.map((one) => ({ value: one.id, label: one.email && one.email !== one.name ? `${one.name} (${one.email})` : one.name }))}
      filter={({ options }) => options}
      error={found.isError ? problemOf(found.error).message : undefined}
      nothingFoundMessage={text.trim().length < LEAST_LETTERS ? `Type ${LEAST_LETTERS} letters or more` : found.isFetching ? "Looking…" : "Nobody more is known by that; people have to sign in once."}
      comboboxProps={{ transitionProps: { duration: 100 } }}
    />
  );
}
