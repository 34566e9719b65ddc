import type { ProblemDocument } from "./types";

/** An answer that was no success; its sentence is the server's own. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly problem: ProblemDocument,
  ) {
    super(problem.message);
    this.name = "ApiError";
  }
}

/** What to show of anything that was thrown. */
export function problemOf(error: unknown): ProblemDocument {
  if (error instanceof ApiError) return error.problem;
  return inWords("The server does not answer. It may have been stopped or be starting again; your runs go on without it.");
}

/** What to show of the body of an answer that was no success. */
export function problemFrom(status: number, body: unknown): ProblemDocument {
  if (isRecord(body)) {
    if (typeof body.message === "string") {
      const { message, listing, path } = body;
      return { ...inWords(message), listing: typeof listing === "string" ? listing : "", path: typeof path === "string" ? path : null };
    }
    if (Array.isArray(body.detail)) return inWords(body.detail.map(sentenceOf).join(" "));
  }
  return inWords(`The server answered with status ${status} and without a word; its log says more.`);
}

export function isSignedOut(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

function sentenceOf(detail: unknown): string {
  if (!isRecord(detail) || typeof detail.msg !== "string") return "What was sent was not understood.";
  const place = Array.isArray(detail.loc) ? detail.loc.slice(1).join(" ") : "";
  return `${place ? `${place}: ` : ""}${detail.msg}.`;
}

function inWords(message: string): ProblemDocument {
  return { message, listing: "", path: null, figures: {} };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
