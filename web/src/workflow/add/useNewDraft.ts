import { useState } from "react";
import { problemOf } from "../../api/problems";
import type { InputLink, NextStep, ProtocolDocument } from "../../api/types";
import { useAddRun } from "../../api/useAddRun";
import { refusals } from "../../inspector/form/refusals";
import type { Changing } from "../../inspector/form/ParametersForm";
import type { Values } from "../../inspector/form/values";
import { fits, type OutputChoice } from "../outputs";
import { useWorkflow } from "../useWorkflow";

interface NewDraft extends Changing {
  links: Readonly<Record<string, InputLink>>;
  values: Values;
  link: (input: string, to: InputLink | null) => void;
  /** What the server said that is about no value in particular. */
  failure: Error | null;
  creating: boolean;
  create: () => void;
}

/** What has been chosen for a run that is being added; needed inputs begin with what fits: the selected run's, else the newest. */
export function useNewDraft(project: string, protocol: ProtocolDocument, choices: readonly OutputChoice[], step: NextStep | undefined): NewDraft {
  const [address, change] = useWorkflow();
  const [links, setLinks] = useState(() => ({ ...proposed(protocol, choices, address.run), ...step?.inputs }));
  const [values, setValues] = useState<Values>(() => Object.fromEntries(suggested(step).map(([name, { value }]) => [name, value])));
  const [origins, setOrigins] = useState(() => Object.fromEntries(suggested(step).map(([name, { origin }]) => [name, origin])));
  const [problems, setProblems] = useState<Readonly<Record<string, string>>>({});
  const adding = useAddRun(project, (added) => change({ add: null, from: null, run: added.ulid, tab: null }));
  const create = () =>
    adding.mutate(
      { protocol: protocol.id, inputs: links, parameters: { ...values } },
      { onError: (error) => setProblems(refusals(problemOf(error).message, protocol.parameters.map((parameter) => parameter.name))) },
    );
  const mended = (name: string) => setProblems((former) => without(former, name));
  return {
    links,
    values,
    problems,
    origins,
    link: (input, to) => setLinks((former) => Object.fromEntries(Object.entries({ ...former, [input]: to }).filter((pair): pair is [string, InputLink] => pair[1] !== null))),
    commit: (name, value) => {
      setValues((former) => ({ ...former, [name]: value }));
      setOrigins((former) => without(former, name));
      mended(name);
    },
    refuse: (name, problem) => setProblems((former) => ({ ...former, [name]: problem })),
    failure: adding.isError && Object.keys(problems).length === 0 ? adding.error : null,
    creating: adding.isPending,
    create,
  };
}

function suggested(step: NextStep | undefined) {
  return Object.entries(step?.values ?? {});
}

function without<T>(record: Readonly<Record<string, T>>, name: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([other]) => other !== name));
}

function proposed(protocol: ProtocolDocument, choices: readonly OutputChoice[], selected: string | null): Record<string, InputLink> {
  const found: Record<string, InputLink> = {};
  for (const port of protocol.inputs) {
    const fitting = choices.filter((choice) => fits(choice, port.kind));
    const choice = fitting.find((one) => one.run.ulid === selected) ?? fitting[0];
    if (choice && !port.optional) found[port.name] = choice.link;
  }
  return found;
}
