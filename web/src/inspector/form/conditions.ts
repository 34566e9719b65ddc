import type { ParameterDocument } from "../../api/types";
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
  const found = new Map<string, ParameterDocument[]>();
  for (const parameter of parameters) found.set(parameter.section, [...(found.get(parameter.section) ?? []), parameter]);
  return [...found].map(([title, members]) => ({ title, parameters: members }));
}

/** Which of some parameters the server's sentence speaks of: it begins with, or quotes, their names. */
export function spokenOf(sentence: string, names: readonly string[]): string[] {
  return names.filter((name) => new RegExp(`(^|[^\\w])${name}([^\\w]|$)`).test(sentence));
}
