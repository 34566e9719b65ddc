import { useState } from "react";
import type { ParameterDocument } from "../../api/types";
import { counted } from "../../kit/format";
import { Icon } from "../../kit/Icon";
import { applicable, sections } from "./conditions";
import { Field } from "./Field";
import { ToldValue } from "./ToldValue";
import { asDeclared, type Values } from "./values";

/** How values are changed; without it they are only told. */
export interface Changing {
  problems: Readonly<Record<string, string>>;
  /** Where values come from that were filled in. */
  origins?: Readonly<Record<string, string>>;
  commit: (name: string, value: unknown) => void;
  refuse: (name: string, problem: string) => void;
}

interface Props {
  parameters: readonly ParameterDocument[];
  values: Values;
  changing: Changing | null;
}

/** The form of a protocol, made from what it declares. */
export function ParametersForm({ parameters, values, changing }: Props) {
  const shown = applicable(parameters, values);
  const level = (name: ParameterDocument["level"]) => shown.filter((parameter) => parameter.level === name);
  if (parameters.length === 0) return <p className="nothing">This protocol has no parameters.</p>;
  return (
    <>
      <Sections parameters={level("normal")} values={values} changing={changing} />
      <Folded title="Advanced" parameters={level("advanced")} values={values} changing={changing} />
      <Folded title="Expert" parameters={level("expert")} values={values} changing={changing} />
    </>
  );
}

function Sections({ parameters, values, changing }: Props) {
  return sections(parameters).map(({ title, parameters: members }) => (
    <section key={title} aria-label={title || "Parameters"}>
      {title && <div className="sechead"><h3>{title}</h3></div>}
      {changing ? (
        members.map((parameter) => (
          <Field
            key={parameter.name}
            parameter={parameter}
            value={parameter.name in values ? values[parameter.name] : parameter.default}
            problem={changing.problems[parameter.name]}
            origin={changing.origins?.[parameter.name]}
            commit={(value) => changing.commit(parameter.name, value)}
            refuse={(problem) => changing.refuse(parameter.name, problem)}
          />
        ))
      ) : (
        <dl>{members.map((parameter) => <ToldValue key={parameter.name} parameter={parameter} value={values[parameter.name]} />)}</dl>
      )}
    </section>
  ));
}

function Folded({ title, parameters, values, changing }: Props & { title: string }) {
  const [open, setOpen] = useState(false);
  if (parameters.length === 0) return null;
  const other = parameters.filter((parameter) => parameter.name in values && !asDeclared(parameter, values[parameter.name])).length;
  const failing = parameters.some((parameter) => changing?.problems[parameter.name]);
  const shown = open || failing;
  return (
    <>
      <button type="button" className="fold" aria-expanded={shown} onClick={() => setOpen(!open)}>
        <span className="label">{title}</span>
        <span className="faint sm">{counted(parameters.length, "values")}, {other === 0 ? "all as declared" : `${other} changed`}</span>
        <Icon name={shown ? "chevronDown" : "chevronRight"} />
      </button>
      {shown && <Sections parameters={parameters} values={values} changing={changing} />}
    </>
  );
}
