import type { ParameterDocument } from "../../api/types";
import { grouped } from "../../kit/grouped";
import type { Values } from "./values";

/** The parameters that matter with these values: a condition names another parameter, or another one's value. */
export function applicable(parameters: readonly ParameterDocument[], values: Values): ParameterDocument[] {
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const matters = (parameter: ParameterDocument, depth: number): boolean => {
    if (!parameter.condition || depth > byName.size) return true;
    const [name = "", wanted] = parameter.condition.split("=");
    const other = byName.get(name);
    if (!other) return true;
    const value = values[name] ?? other.default;
    const holds = wanted === undefined ? isSet(value) : String(value) === wanted;
    return holds && matters(other, depth + 1);
  };
  return parameters.filter((parameter) => matters(parameter, 0));
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false && value !== "";
}

export interface Section {
  title: string;
  parameters: ParameterDocument[];
}

/** Parameters by section, in the order in which sections are first declared. */
export function sections(parameters: readonly ParameterDocument[]): Section[] {
  return [...grouped(parameters, (parameter) => parameter.section)].map(([title, members]) => ({ title, parameters: members }));
}
