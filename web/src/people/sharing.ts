import type { KnownPerson, Right, SharedWith, Sharing } from "../api/types";

/** Shares with one person more, or with another right for one who is there. */
export function withShare(shares: readonly SharedWith[], person: { id: string; name: string }, right: Right): SharedWith[] {
  const share = { person: person.id, name: person.name, right };
  return shares.some((one) => one.person === person.id) ? shares.map((one) => (one.person === person.id ? share : one)) : [...shares, share];
}

export function withoutShare(shares: readonly SharedWith[], person: string): SharedWith[] {
  return shares.filter((one) => one.person !== person);
}

/** Those of some people with whom a project is not shared, and whose it is not. */
export function notYetIn(sharing: Sharing, people: readonly KnownPerson[]): KnownPerson[] {
  const known = new Set([sharing.owner, ...sharing.shares.map((one) => one.person)]);
  return people.filter((person) => !known.has(person.id));
}

/** What is sent of shares. */
export function asked(shares: readonly SharedWith[]): { person: string; right: Right }[] {
  return shares.map(({ person, right }) => ({ person, right }));
}
