import { Button, Textarea, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { annotate } from "../api/acts";
import { runQuery } from "../api/queries";
import type { RunDetail } from "../api/types";
import { ProblemNote } from "../kit/ProblemNote";

/** Name, tags and note of a run, as people write them. */
export function Annotating({ project, detail, done }: { project: string; detail: RunDetail; done: () => void }) {
  const client = useQueryClient();
  const [label, setLabel] = useState(detail.label);
  const [tags, setTags] = useState(detail.tags.join(", "));
  const [note, setNote] = useState(detail.note);
  const [revision, setRevision] = useState(detail.annotation_revision);
  const write = useMutation({
    mutationFn: () => annotate(project, detail.ulid, { revision, label: label.trim(), note, tags: [...new Set(tags.split(",").map((tag) => tag.trim()).filter(Boolean))] }),
    onSuccess: (written) => {
      client.setQueryData(runQuery(project, detail.ulid).queryKey, written);
      done();
    },
  });
  const readAgain = () => {
    setLabel(detail.label);
    setTags(detail.tags.join(", "));
    setNote(detail.note);
    setRevision(detail.annotation_revision);
    write.reset();
  };
  return (
    <form
      className="annotate"
      onSubmit={(event) => {
        event.preventDefault();
        write.mutate();
      }}
    >
      <TextInput label="Name" value={label} maxLength={200} placeholder="As its protocol is called" onChange={(event) => setLabel(event.currentTarget.value)} data-autofocus />
      <TextInput label="Tags" value={tags} placeholder="With commas between them" onChange={(event) => setTags(event.currentTarget.value)} />
      <Textarea label="Note" value={note} autosize minRows={3} maxRows={8} onChange={(event) => setNote(event.currentTarget.value)} />
      {write.isError && (
        <ProblemNote error={write.error}>
          {detail.annotation_revision !== revision && <Button size="xs" mt={6} onClick={readAgain}>Take what is written now</Button>}
        </ProblemNote>
      )}
      <div className="row">
        <Button type="submit" variant="filled" loading={write.isPending}>Save</Button>
        <Button variant="subtle" onClick={done}>Cancel</Button>
      </div>
    </form>
  );
}
