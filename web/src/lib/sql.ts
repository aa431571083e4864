// Cuts SQL into words for colouring. It only looks nice; nothing is decided by it.

export type SqlToken = { kind: "keyword" | "text" | "comment" | "number" | "plain"; text: string };

const KEYWORDS = new Set(
  ("add all alter analyze and any as asc begin between by case cast check column commit concurrently conflict constraint " +
    "create cross current_timestamp default delete desc distinct do drop else end exists false for foreign from function " +
    "full grant group having if in index inner insert into is join key language lateral left like limit lock materialized " +
    "not null nothing offset on only or order outer over partition primary references reindex returning returns right row " +
    "schema select sequence set share table then to trigger true truncate type union unique update using vacuum validate " +
    "values view when where with").split(" "),
);
const TOKEN =
  /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*'|\$\w*\$)|\b(\d+(?:\.\d+)?)\b|\b([A-Za-z_]\w*)\b/g;

export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let end = 0;
  const put = (kind: SqlToken["kind"], text: string) => {
    const last = tokens[tokens.length - 1];
    if (last && last.kind === "plain" && kind === "plain") last.text += text;
    else if (text !== "") tokens.push({ kind, text });
  };
  for (const match of sql.matchAll(TOKEN)) {
    put("plain", sql.slice(end, match.index));
    const [whole, comment, text, number] = match;
    const kind = comment !== undefined ? "comment" : text !== undefined ? "text" : number !== undefined ? "number"
      : KEYWORDS.has(whole.toLowerCase()) ? "keyword" : "plain";
    put(kind, whole);
    end = match.index + whole.length;
  }
  put("plain", sql.slice(end));
  return tokens;
}
