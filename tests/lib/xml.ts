/** Just enough XML to say whether a text is well-formed and what is in it. Throws where it is not. */

export interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const NAME = /[A-Za-z_][\w.-]*/y;

function decode(text: string): string {
  if (/&(?!(?:amp|lt|gt|quot|apos|#\d+);)/.test(text)) throw new Error(`a bare & in ${JSON.stringify(text)}`);
  if (/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/.test(text)) throw new Error(`a character XML does not have in ${JSON.stringify(text)}`);
  return text.replace(/&(\w+|#\d+);/g, (_, name: string) => ENTITIES[name] ?? String.fromCodePoint(Number(name.slice(1))));
}

function attributesOf(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  const rest = text.replace(/\s+([A-Za-z_][\w.-]*)="([^"<]*)"/g, (_, name: string, value: string) => {
    if (Object.hasOwn(attributes, name)) throw new Error(`${name} twice`);
    attributes[name] = decode(value);
    return "";
  });
  if (rest.trim() !== "") throw new Error(`what is ${JSON.stringify(rest)}?`);
  return attributes;
}

export function parseXml(xml: string): Element {
  const root: Element = { name: "", attributes: {}, children: [], text: "" };
  const open = [root];
  let at = /^<\?xml [^>]*\?>\s*/.exec(xml)?.[0].length ?? 0;
  while (at < xml.length) {
    const top = open[open.length - 1]!;
    const begin = xml.indexOf("<", at);
    top.text += decode(xml.slice(at, begin < 0 ? xml.length : begin));
    if (begin < 0) break;
    const end = xml.indexOf(">", begin);
    if (end < 0) throw new Error("a tag that does not end");
    const tag = xml.slice(begin + 1, end);
    at = end + 1;
    if (tag.startsWith("/")) {
      if (open.length === 1 || open.pop()?.name !== tag.slice(1).trim()) throw new Error(`</${tag}> closes nothing`);
      continue;
    }
    NAME.lastIndex = 0;
    const name = NAME.exec(tag)?.[0];
    if (name === undefined) throw new Error(`<${tag}> is no tag`);
    const closed = tag.endsWith("/");
    const element: Element = { name, attributes: attributesOf(tag.slice(name.length, closed ? -1 : undefined)), children: [], text: "" };
    top.children.push(element);
    if (!closed) open.push(element);
  }
  if (open.length !== 1 || root.children.length !== 1) throw new Error("not one element");
  return root.children[0]!;
}
