// The plan as a time-line: phases, and the nodes in them. One node is selected.

import { useEffect, useRef } from "preact/hooks";
import { href } from "../../lib/router";
import { KIND_WORD } from "../../lib/status";
import type { OutlineNode } from "../../state/outline";
import { Icon } from "../common/icon";
import { Bar, Elapsed } from "../common/parts";

function NodeLine({ item, run, selected }: { item: OutlineNode; run: string; selected: string }) {
  const kind = KIND_WORD[item.kind] ?? item.kind;
  return (
    <a href={href.run(run, item.path)} data-row data-phase={item.children.length > 0 ? "" : undefined} class={`node tone-${item.look.tone}${item.path === selected ? " selected" : ""}`}
      aria-current={item.current ? "step" : undefined}>
      <span class="node-icon"><Icon name={item.look.icon} /><span class="hidden">{item.look.label}: </span></span>
      <span class="node-name">{item.name}{item.oneWay && <span class="oneway" title="There is no way back after this"><Icon name="oneway" /><span class="hidden"> (one way)</span></span>}</span>
      <span class="node-kind">{kind}</span>
      <span class="node-time">{item.current && !item.finishedAt && item.look.tone !== "active" ? item.look.label : <Elapsed from={item.startedAt} to={item.finishedAt} />}</span>
      {item.part !== null && !item.finishedAt && <Bar done={item.part} total={1} label={`${item.name}, how far`} />}
    </a>
  );
}

function List({ items, run, selected }: { items: OutlineNode[]; run: string; selected: string }) {
  return (
    <ol>
      {items.map((item) => (
        <li key={item.path} class={item.children.length > 0 ? "group" : ""}>
          <NodeLine item={item} run={run} selected={selected} />
          {item.children.length > 0 && <List items={item.children} run={run} selected={selected} />}
        </li>
      ))}
    </ol>
  );
}

export function Timeline({ items, run, selected }: { items: OutlineNode[]; run: string; selected: string }) {
  const box = useRef<HTMLElement>(null);
  // a long plan opens where the selected node is
  useEffect(() => {
    const node = box.current?.querySelector<HTMLElement>(".node.selected");
    if (box.current && node && box.current.scrollTop === 0) box.current.scrollTop = Math.max(0, node.offsetTop - box.current.clientHeight / 2);
  }, [items.length > 0]);
  return (
    <nav ref={box} class="timeline panel" aria-labelledby="timeline">
      <h2 id="timeline">Plan</h2>
      {items.length === 0 ? <p class="soft">The graph of this plan is not known.</p> : <List items={items} run={run} selected={selected} />}
    </nav>
  );
}
