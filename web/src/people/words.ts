import type { AuditEntry, Right, Role } from "../api/types";
import type { Look } from "../kit/status";

export const ROLES: Record<Role, { word: string; more: string }> = {
  viewer: { word: "Viewer", more: "looks at what is shared, and changes nothing" },
  user: { word: "User", more: "makes projects, and works in those that are shared" },
  admin: { word: "Administrator", more: "everything, in every project" },
};

export const RIGHTS: Record<Right, string> = { read: "may look", write: "may work in it" };

export const BLOCKED: Look = { tone: "fail", icon: "cross", word: "Kept out" };
export const LET_IN: Look = { tone: "ok", icon: "check", word: "May come in" };
export const EXPIRED: Look = { tone: "stale", icon: "clock", word: "Expired" };
export const GOOD: Look = { tone: "ok", icon: "check", word: "Good" };

const REFUSALS = new Map(Object.entries({
  "begun-elsewhere": "The sign-in was not begun in this browser, or more than ten minutes ago. Sign in again from here.",
  denied: "The sign-in was cancelled, or refused by your identity provider. Sign in again, or ask there.",
  provider: "Your identity provider does not answer as it should. Try again in a few minutes; if it stays so, tell who runs this server.",
  token: "What your identity provider answered cannot be trusted, so nobody was let in. Tell who runs this server; its log says more.",
  member: "Your identity provider knows you, but you are not in the group that may use this server. Ask who runs it to let you in.",
  blocked: "An administrator of this server has decided that you may not come in any more. Ask who runs it.",
}));

/** Why somebody was not let in, as the address of the page says; empty if it says nothing that is known. */
export function refusal(search: string): string {
  return REFUSALS.get(new URLSearchParams(search).get("refused") ?? "") ?? "";
}

/** Where to sign in, so that one comes back to where one is. */
export function signInAddress(at: { pathname: string; search: string }): string {
  const search = new URLSearchParams(at.search);
  search.delete("refused");
  const rest = search.toString();
  return `/sign-in?to=${encodeURIComponent(at.pathname + (rest ? `?${rest}` : ""))}`;
}

/** An act of the log, and what else was noted of it. */
export function actWords(entry: AuditEntry): string {
  const facts = Object.entries(entry.facts).map(([name, value]) => `${name.replaceAll("_", " ")}: ${value}`);
  return [sentence(entry.act), ...facts].join(" · ");
}

/** How an act ended. */
export function ending(status: number): Look {
  if (status < 400) return { tone: "ok", icon: "check", word: "Done" };
  if (status < 500) return { tone: "attn", icon: "hand", word: "Refused" };
  return { tone: "fail", icon: "cross", word: "Failed" };
}

/** What stands in place of a picture: the first letters of the first and the last name. */
export function initials(name: string): string {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const picked = words.length > 1 ? [words[0], words[words.length - 1]] : words;
  return picked.map((word) => /^./u.exec(word ?? "")?.[0] ?? "").join("").toUpperCase() || "?";
}

function sentence(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
