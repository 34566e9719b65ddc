/** What the server says of each parameter that it names; its sentences begin with a name and, in brackets, a label. */
export function refusals(message: string, names: readonly string[]): Record<string, string> {
  const places = names.flatMap((name) => placesOf(message, name)).sort((a, b) => a.at - b.at);
  return Object.fromEntries(places.map(({ name, at, length }, place) => [name, capital(message.slice(at + length, places[place + 1]?.at).trim())]));
}

/** Where a sentence begins that is about a parameter. */
function placesOf(message: string, name: string): { name: string; at: number; length: number }[] {
  const found = new RegExp(`(?<=^|[.!?] )${name}(?: \\([^)]*\\))? `).exec(message);
  return found ? [{ name, at: found.index, length: found[0].length }] : [];
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
