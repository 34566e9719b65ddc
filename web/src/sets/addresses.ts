/** Where the rows of a set are looked at; `home` is the address of its project. */
export function rowsAddress(home: string, run: string, output: string): string {
  return `${home}/runs/${run}/outputs/${encodeURIComponent(output)}`;
}
