import { Select } from "@mantine/core";
import { useId, useState } from "react";
import type { InputLink } from "../../api/types";
import { count, counted } from "../../kit/format";
import { Icon } from "../../kit/Icon";
import { KindGlyph } from "../../kit/KindGlyph";
import { kindWords } from "../../kit/kinds";
import { choiceName, fits, whyNot, type OutputChoice } from "../outputs";

interface Props {
  port: { name: string; kind: string; help: string; optional: boolean };
  choices: readonly OutputChoice[];
  value: InputLink | undefined;
  problem?: string | undefined;
  choose: (link: InputLink | null) => void;
}

const TOLD = 40; // outputs that do not fit, of which the reasons are listed

/** Chooses, for an input, one of the outputs that hold what it takes; why others do not fit is said. */
export function InputPicker({ port, choices, value, problem, choose }: Props) {
  const id = useId();
  const fitting = choices.filter((choice) => fits(choice, port.kind));
  const others = choices.filter((choice) => !fits(choice, port.kind));
  return (
    <div className="picker">
      <label htmlFor={id} className="row">
        <KindGlyph kind={port.kind} />
        <span className="grow">{port.name}</span>
        <span className="faint sm">{kindWords(port.kind)}{port.optional && ", optional"}</span>
      </label>
      <Select
        id={id}
        searchable={fitting.length > 8}
        clearable={port.optional}
        allowDeselect={false}
        limit={200}
        placeholder={fitting.length > 0 ? "Choose an output" : "Nothing fits yet"}
        disabled={fitting.length === 0}
        data={fitting.map((choice) => ({ value: keyOf(choice.link), label: `${choiceName(choice)} · ${count(choice.items)}` }))}
        value={value ? keyOf(value) : null}
        error={problem}
        aria-describedby={`${id}-help`}
        onChange={(key) => choose(fitting.find((choice) => keyOf(choice.link) === key)?.link ?? null)}
      />
      <p id={`${id}-help`} className="faint sm">{port.help}</p>
      {others.length > 0 && <WhyNot others={others} wanted={port.kind} none={fitting.length === 0} />}
    </div>
  );
}

function WhyNot({ others, wanted, none }: { others: readonly OutputChoice[]; wanted: string; none: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="whynot sm" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? "chevronDown" : "chevronRight"} />
        {counted(others.length, none ? "outputs" : "other outputs")} {others.length === 1 ? "does" : "do"} not fit
      </button>
      {open && (
        <ul className="whynot-list sm">
          {others.slice(0, TOLD).map((choice) => <li key={keyOf(choice.link)}>{whyNot(choice, wanted)}</li>)}
          {others.length > TOLD && <li>… and {count(others.length - TOLD)} more.</li>}
        </ul>
      )}
    </>
  );
}

function keyOf(link: InputLink): string {
  return `${link.run}.${link.output}`;
}
