import { Button, TextInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useNavigate } from "react-router";
import { createProject } from "../api/acts";
import { problemOf } from "../api/problems";
import { projectsQuery } from "../api/queries";
import { useFocused } from "../kit/useFocused";

const LONGEST = 120;

/** Makes a project of a name, and opens it. */
export function NewProject({ cancel }: { cancel?: () => void }) {
  const [name, setName] = useState("");
  const field = useFocused<HTMLInputElement>();
  const navigate = useNavigate();
  const client = useQueryClient();
  const making = useMutation({
    mutationFn: createProject,
    onSuccess: async (project) => {
      void client.invalidateQueries({ queryKey: projectsQuery.queryKey });
      await navigate(`/projects/${project.ulid}`);
    },
  });
  const empty = name.trim() === "";
  return (
    <form
      className="newproject"
      onSubmit={(event) => {
        event.preventDefault();
        if (!empty) making.mutate(name.trim());
      }}
    >
      <TextInput
        ref={field}
        label="Name"
        description="Its folder is named after it."
        placeholder="β-galactosidase, Krios 2"
        value={name}
        maxLength={LONGEST}
        error={making.isError ? problemOf(making.error).message : undefined}
        onChange={(event) => {
          setName(event.currentTarget.value);
          making.reset();
        }}
      />
      <div className="row">
        <Button type="submit" variant="filled" disabled={empty} loading={making.isPending}>Make project</Button>
        {cancel && <Button variant="subtle" onClick={cancel}>Cancel</Button>}
      </div>
    </form>
  );
}
