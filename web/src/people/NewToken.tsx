import { Button, NumberInput, Switch, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Icon } from "../kit/Icon";
import { ProblemNote } from "../kit/ProblemNote";
import { issueToken } from "./acts";
import { tokensQuery } from "./queries";

const LONGEST = 60;
const MOST_DAYS = 366;

/** Makes a token of a name. */
export function NewToken({ made }: { made: (issued: { name: string; text: string }) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState("");
  const [days, setDays] = useState(90);
  const [looks, setLooks] = useState(false);
  const issue = useMutation({
    mutationFn: () => issueToken({ name: name.trim(), days, read_only: looks }),
    onSuccess: async ({ text, token }) => {
      made({ name: token.name, text });
      setName("");
      await client.invalidateQueries({ queryKey: tokensQuery.queryKey });
    },
  });
  return (
    <section className="panel" aria-labelledby="new-token-title">
      <header><h2 id="new-token-title">Make a token</h2></header>
      <form
        className="body"
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim()) issue.mutate();
        }}
      >
        <div className="fields">
          <TextInput className="grow" label="What it is for" placeholder="Nightly export" value={name} maxLength={LONGEST} onChange={(event) => setName(event.currentTarget.value)} />
          <NumberInput label="Days until it expires" value={days} min={1} max={MOST_DAYS} clampBehavior="strict" allowDecimal={false} onChange={(value) => setDays(Number(value) || 1)} />
          <Switch label="Only looks" checked={looks} onChange={(event) => setLooks(event.currentTarget.checked)} />
          <Button type="submit" variant="filled" leftSection={<Icon name="key" />} disabled={!name.trim()} loading={issue.isPending}>Make token</Button>
        </div>
        {issue.isError && <ProblemNote error={issue.error} />}
      </form>
    </section>
  );
}
