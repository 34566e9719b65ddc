import type { ParameterDocument } from "../../api/types";
import { count } from "../../kit/format";

export type Values = Readonly<Record<string, unknown>>;

/** What a text in a field means, or why it means nothing. */
export type Parsed = { value: unknown } | { problem: string };

/** A value as the text of its field. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.every((one) => typeof one !== "object") ? value.map(String).join(", ") : JSON.stringify(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** A value as the page reads it to people who cannot change it. */
export function shownValue(value: unknown): string {
  if (value === null || value === undefined || value === "") return "not set";
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (typeof value === "number" && Number.isInteger(value)) return count(value).replace(/^-/, "−");
  return textOf(value);
}

/** Reads the text of a field; an empty one means the declared value. */
export function parsed(parameter: ParameterDocument, text: string): Parsed {
  const trimmed = text.trim();
  if (trimmed === "") return parameter.required ? { problem: `${parameter.label} has no value; set it.` } : { value: parameter.default };
  switch (parameter.kind) {
    case "number":
    case "integer":
      return number(parameter, trimmed);
    case "list":
      return { value: list(trimmed) };
    default:
      return { value: parameter.kind === "text" ? text : trimmed };
  }
}

function number(parameter: ParameterDocument, text: string): Parsed {
  const value = Number(text.replace(/[\s\u202f]/g, "").replace("−", "-").replace(",", "."));
  if (!Number.isFinite(value)) return { problem: `“${text}” is not a number.` };
  if (parameter.kind === "integer" && !Number.isInteger(value)) return { problem: "This has to be a whole number." };
  const unit = parameter.unit && ` ${parameter.unit}`;
  if (parameter.minimum !== null && value < parameter.minimum) return { problem: `Not less than ${parameter.minimum}${unit}.` };
  if (parameter.maximum !== null && value > parameter.maximum) return { problem: `Not more than ${parameter.maximum}${unit}.` };
  return { value };
}

function list(text: string): unknown[] {
  if (text.startsWith("[")) {
    try {
      const read: unknown = JSON.parse(text);
      if (Array.isArray(read)) return read as unknown[];
    } catch {
      // no JSON: taken for words with commas between them, which the server judges
    }
  }
  return text.split(",").map((part) => part.trim()).map((part) => (part !== "" && Number.isFinite(Number(part)) ? Number(part) : part));
}

/** Whether a value is the declared one. */
export function asDeclared(parameter: ParameterDocument, value: unknown): boolean {
  return JSON.stringify(value ?? null) === JSON.stringify(parameter.default ?? null);
}
