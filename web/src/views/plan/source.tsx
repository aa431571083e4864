// The files of a plan with line numbers. A line has an address: ?file=sql/001.up.sql#L39.

import { useEffect, useRef } from "preact/hooks";
import { formatCount } from "../../lib/format";
import { setParam } from "../../lib/router";
import { sqlTokens } from "../../lib/sql";
import type { PlanFile } from "../../wire/dry";
import { Copy, Empty } from "../common/parts";

/** SQL in colours, a line at a time; a text that goes over several lines stays whole. */
function linesOf(file: PlanFile): { kind: string; text: string }[][] {
  const tokens = /\.sql$/i.test(file.path) ? sqlTokens(file.text ?? "") : [{ kind: "plain", text: file.text ?? "" }];
  const lines: { kind: string; text: string }[][] = [[]];
  for (const { kind, text } of tokens) {
    text.split("\n").forEach((part, index) => {
      if (index > 0) lines.push([]);
      if (part !== "") lines.at(-1)!.push({ kind, text: part });
    });
  }
  if (lines.at(-1)!.length === 0) lines.pop();
  return lines;
}

function Lines({ file, marked }: { file: PlanFile; marked: number }) {
  const box = useRef<HTMLOListElement>(null);
  useEffect(() => {
    box.current?.querySelector(".marked")?.scrollIntoView({ block: "center" });
  }, [file.path, marked]);
  return (
    <ol ref={box} class="source" dir="ltr" tabIndex={0} aria-label={file.path}>
      {linesOf(file).map((line, index) => (
        <li key={index} id={`L${index + 1}`} class={index + 1 === marked ? "marked" : ""} aria-current={index + 1 === marked ? "true" : undefined}>
          <a href={`#L${index + 1}`} aria-label={`Line ${index + 1}`}>{index + 1}</a>
          <code>{line.map((token, at) => (token.kind === "plain" ? token.text : <span key={at} class={`sql-${token.kind}`}>{token.text}</span>))}</code>
        </li>
      ))}
    </ol>
  );
}

export function Source({ files, chosen, line }: { files: PlanFile[]; chosen: string; line: number }) {
  const file = files.find((one) => one.path === chosen) ?? files.find((one) => one.path === "plan.lua") ?? files[0];
  if (!file) return <Empty icon="file" title="The plan has no files" />;
  return (
    <section class="panel" aria-labelledby="source">
      <header class="panel-head wrap">
        <h2 id="source">Source</h2>
        <label class="field">
          <span class="hidden">File</span>
          <select value={file.path} onChange={(event) => setParam("file", event.currentTarget.value)}>
            {files.map((one) => <option key={one.path} value={one.path}>{one.path}</option>)}
          </select>
        </label>
        <span class="soft small">{formatCount(file.bytes)} bytes, as it is on the server now</span>
        {file.text !== null && <Copy text={file.text} what="file" label="Copy file" />}
      </header>
      {file.text === null ? <p class="soft">This file is no text, or too long to be shown.</p> : <Lines file={file} marked={line} />}
    </section>
  );
}
