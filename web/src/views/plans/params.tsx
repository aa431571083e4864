// The parameters of a plan, or the fields of a gate, as a form: one typed input each, with its doc. Values are sent as they were
// typed; the server knows the types and says what is wrong.

import type { Json, PlanParam } from "../../wire/types";

export type Values = Readonly<Record<string, string>>;

const shown = (value: Json): string => (value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

/** What the form begins with. */
export const initialValues = (params: PlanParam[]): Values =>
  Object.fromEntries(params.map((param) => [param.name, shown(param.default)]));

/** What is sent: everything that has a value. */
export const givenValues = (params: PlanParam[], values: Values): Record<string, Json> =>
  Object.fromEntries(params.flatMap(({ name }) => (values[name] ? [[name, values[name]]] : [])));

const HINT: Partial<Record<PlanParam["type"], string>> = {
  integer: "a whole number", number: "a number", duration: "a duration like 30s, 10m, 24h",
};
const PATTERN: Partial<Record<PlanParam["type"], string>> = { integer: "-?[0-9]+", duration: "[0-9.]+ *(us|ms|s|m|h|d|w)" };

interface InputProps {
  param: PlanParam;
  value: string;
  onValue: (value: string) => void;
}

function Input({ param, value, onValue }: InputProps) {
  const id = `param-${param.name}`;
  const options = param.type === "boolean" ? ["true", "false"] : param.choices;
  const about = param.doc || HINT[param.type] ? `${id}-doc` : undefined;
  if (options) {
    return (
      <select id={id} required={param.required} value={value} aria-describedby={about} onChange={(event) => onValue(event.currentTarget.value)}>
        {param.default === null && <option value="" disabled={param.required}>{param.required ? "Choose" : "None"}</option>}
        {options.map((option) => <option key={option} value={option}>{option}</option>)}
      </select>
    );
  }
  return (
    <input id={id} type="text" required={param.required} value={value} autocomplete="off" spellcheck={false} aria-describedby={about}
      inputMode={param.type === "integer" ? "numeric" : param.type === "number" ? "decimal" : "text"} pattern={PATTERN[param.type]}
      title={HINT[param.type]} onInput={(event) => onValue(event.currentTarget.value)} />
  );
}

export function ParamFields({ params, values, onValues, legend = "Parameters" }: {
  params: PlanParam[]; values: Values; onValues: (values: Values) => void; legend?: string;
}) {
  if (params.length === 0) return null;
  return (
    <fieldset class="params">
      <legend>{legend}</legend>
      {params.map((param) => (
        <div key={param.name} class="param">
          <label for={`param-${param.name}`}>{param.name} <span class="soft small">{param.type}{param.required ? ", required" : ""}</span></label>
          <Input param={param} value={values[param.name] ?? ""} onValue={(value) => onValues({ ...values, [param.name]: value })} />
          {(param.doc || HINT[param.type]) && <p id={`param-${param.name}-doc`} class="soft small">{param.doc ?? HINT[param.type]}</p>}
        </div>
      ))}
    </fieldset>
  );
}
