import { Tooltip } from "@mantine/core";
import type { ParameterDocument } from "../../api/types";
import { asDeclared, shownValue } from "./values";

/** One parameter of a run that stays as it is. */
export function ToldValue({ parameter, value }: { parameter: ParameterDocument; value: unknown }) {
  const shown = shownValue(value);
  const wide = shown.length > 24;
  const set = value !== null && value !== undefined && value !== "";
  return (
    <div className={`field readonly${wide ? " wide" : ""}`}>
      <dt className="sm dim">
        <Tooltip label={parameter.help} disabled={!parameter.help} position="left" offset={12}>
          <span>{parameter.label}</span>
        </Tooltip>
      </dt>
      <dd className={set ? "told" : "told faint"}>
        {shown}
        {set && parameter.unit && <span className="u">{`\u202f${parameter.unit}`}</span>}
        {!asDeclared(parameter, value) && !parameter.required && <span className="sr"> (not as declared)</span>}
      </dd>
    </div>
  );
}
