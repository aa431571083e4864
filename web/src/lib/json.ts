// JSON whose numbers stay as they were written: 820982911946154508 and 100.00 survive being shown and sent
// back. A number that JavaScript would change is kept as text behind a mark that no real text starts with.

const MARK = "\uE000";
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");

export function parseExact(text: string): unknown {
  return JSON.parse(text.replace(TOKEN, (token) => (token.startsWith('"') || String(Number(token)) === token ? token : `"${MARK}${token}"`)));
}

export function stringifyExact(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(MARKED, "$1");
}
