// What a rollback would do.

import { plural } from "../../lib/format";
import { api } from "../../wire/api";
import { Failure, Loading, Notice } from "./parts";
import { useLoaded } from "./use-loaded";

/** Rows of the application that would go away with what is undone. */
function KeptRows({ run }: { run: string }) {
  const { value, error, loading } = useLoaded(`kept ${run}`, () => api.kept(run));
  const rows = value?.kept.filter((item) => item.rows > 0) ?? [];
  const name = <code>headgate.kept_{run}</code>;
  if (error) return <p class="soft">What the application wrote into what goes away could not be counted ({error.message}). It is copied to {name} all the same.</p>;
  if (loading || !value) return <p class="soft" role="status">Counting what the application wrote into what goes away…</p>;
  if (rows.length === 0) return <p class="soft">The application has written nothing into what goes away.</p>;
  return (
    <>
      <p>What the application wrote into what goes away is copied to {name} first:</p>
      <ul>
        {rows.map(({ path, relation, columns, rows: count }) => (
          <li key={`${path} ${relation}`}><strong class="num">{plural(count, "row")}</strong> of <code>{relation}</code>{columns && ` (${columns.join(", ")})`}</li>
        ))}
      </ul>
    </>
  );
}

/** What a rollback would do, as the server knows it at this moment: the steps in their order, or why there is no way back. */
export function UndoList({ run }: { run: string }) {
  const loaded = useLoaded(`undo ${run}`, () => api.run(run));
  const undo = loaded.value?.undo;
  if (loaded.error) return <Failure error={loaded.error} what="What would be undone" retry={loaded.reload} />;
  if (loaded.value?.unavailable) return <Notice tone="caution" icon="warn" title="What would be undone is not known">{loaded.value.unavailable}</Notice>;
  if (!undo) return <Loading what="what would be undone" />;
  if (undo.no_way_back.length > 0) {
    return (
      <Notice tone="bad" icon="warn" title="There is no way back">
        <ul>{undo.no_way_back.map((step) => <li key={step.path}><code>{step.path}</code> is done: {step.why}</li>)}</ul>
      </Notice>
    );
  }
  if (undo.steps.length === 0) return <p>Nothing has been changed yet, so nothing has to be undone.</p>;
  return (
    <>
      <p>{undo.steps.length === 1 ? "This is undone." : `These ${undo.steps.length} are undone, in this order.`}</p>
      <ol class="undo-list">
        {undo.steps.map((step) => <li key={step.path}><code>{step.path}</code> <span class="soft">{step.how}</span></li>)}
      </ol>
      <KeptRows run={run} />
    </>
  );
}
