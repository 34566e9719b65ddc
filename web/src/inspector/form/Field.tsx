import { Select, Switch, TextInput, Tooltip } from "@mantine/core";
import { useId, useState } from "react";
import type { ParameterDocument } from "../../api/types";
import { Icon } from "../../kit/Icon";
import { parsed, textOf } from "./values";

interface Props {
  parameter: ParameterDocument;
  value: unknown;
  problem: string | undefined;
  /** Where the value comes from, if it was filled in. */
  origin?: string | undefined;
  commit: (value: unknown) => void;
  refuse: (problem: string) => void;
}

/** One parameter that can be changed. */
export function Field(props: Props) {
  const { parameter, problem, origin } = props;
  const id = useId();
  const problemId = `${id}-problem`;
  const wide = parameter.kind === "path" || parameter.kind === "text" || parameter.kind === "list";
  const helpId = `${id}-help`;
  const originId = `${id}-origin`;
  const described = [problem && problemId, origin && originId, parameter.help && helpId].filter(Boolean).join(" ") || undefined;
  const control = { ...props, id, described };
  return (
    <Tooltip label={parameter.help} disabled={!parameter.help} position="left" offset={20} events={{ hover: true, focus: true, touch: true }}>
      <div className={`field${wide ? " wide" : ""}${parameter.kind === "boolean" ? " short" : ""}${origin ? " from" : ""}`}>
        <label htmlFor={id}>
          {parameter.label}
          {parameter.required && <span className="faint"> needed</span>}
        </label>
        {parameter.help && <span className="sr" id={helpId}>{parameter.help}</span>}
        {parameter.kind === "boolean" && <Toggle {...control} />}
        {parameter.kind === "choice" && <Choice {...control} />}
        {parameter.kind !== "boolean" && parameter.kind !== "choice" && <Text {...control} />}
        {origin && <p className="hint" id={originId}>{origin}</p>}
        {problem && (
          <p className="err" id={problemId} role="alert">
            <Icon name="cross" />
            <span>{problem}</span>
          </p>
        )}
      </div>
    </Tooltip>
  );
}

type Control = Props & { id: string; described: string | undefined };

function Toggle({ id, value, commit, described }: Control) {
  return <Switch id={id} withThumbIndicator={false} checked={value === true} aria-describedby={described} onChange={(event) => commit(event.currentTarget.checked)} />;
}

function Choice({ id, parameter, value, commit, problem, described }: Control) {
  return (
    <Select
      id={id}
      data={parameter.choices}
      value={textOf(value) || null}
      clearable={parameter.default === null}
      allowDeselect={false}
      placeholder="not set"
      error={Boolean(problem)}
      aria-describedby={described}
      comboboxProps={{ withinPortal: true }}
      onChange={(chosen) => commit(typeof parameter.default === "number" && chosen !== null ? Number(chosen) : chosen)}
    />
  );
}

function Text({ id, parameter, value, commit, refuse, problem, described }: Control) {
  const saved = textOf(value);
  const [text, setText] = useState(saved);
  const [known, setKnown] = useState(saved);
  if (known !== saved) {
    setKnown(saved);
    setText(saved);
  }
  const leave = () => {
    if (text === saved && !problem) return;
    const read = parsed(parameter, text);
    if ("problem" in read) refuse(read.problem);
    else commit(read.value);
  };
  const numeric = parameter.kind === "number" || parameter.kind === "integer";
  return (
    <TextInput
      id={id}
      className={numeric ? "num" : undefined}
      inputMode={numeric ? "decimal" : "text"}
      value={text}
      placeholder={parameter.default === null || parameter.default === "" ? "not set" : textOf(parameter.default)}
      error={Boolean(problem)}
      aria-describedby={described}
      spellCheck={false}
      autoComplete="off"
      rightSection={parameter.unit ? <span className="u sm">{parameter.unit}</span> : undefined}
      rightSectionWidth={parameter.unit ? 14 + 8 * parameter.unit.length : undefined}
      rightSectionPointerEvents="none"
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={leave}
      onKeyDown={(event) => event.key === "Enter" && leave()}
    />
  );
}
