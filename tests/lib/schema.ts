/** Does a value fit its JSON schema? The keywords our schemas use (runtime/server/shape.c); any other is an error. */

export type Schema = Record<string, unknown>;

const KNOWN = new Set(["type", "enum", "pattern", "format", "items", "properties", "required", "additionalProperties", "anyOf", "$ref", "description"]);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

const fitsType = (value: unknown, type: unknown): boolean => typeOf(value) === type || (type === "number" && typeof value === "number");

export class Schemas {
  /** Keys that values had and their open schemas do not name. */
  readonly unnamed = new Set<string>();

  constructor(private readonly document: unknown) {}

  /** What "#/a/b" names. */
  resolve(ref: string): Schema {
    let found: unknown = this.document;
    for (const part of ref.replace(/^#\//, "").split("/")) found = (found as Record<string, unknown> | undefined)?.[part];
    if (found === undefined) throw new Error(`${ref} names nothing`);
    return found as Schema;
  }

  /** What does not fit, each with its place; empty when all fits. */
  complaints(value: unknown, schema: Schema, at = "$"): string[] {
    const unknown = Object.keys(schema).filter((key) => !KNOWN.has(key));
    if (unknown.length > 0) throw new Error(`${at}: schemas do not have ${unknown.join(", ")}`);
    if (typeof schema["$ref"] === "string") return this.complaints(value, this.resolve(schema["$ref"]), at);
    if (Array.isArray(schema["anyOf"])) {
      const tries = (schema["anyOf"] as Schema[]).map((one) => this.complaints(value, one, at));
      return tries.some((one) => one.length === 0) ? [] : (tries[0] ?? []);
    }
    if (schema["type"] !== undefined && !fitsType(value, schema["type"])) return [`${at} is ${typeOf(value)}, not ${String(schema["type"])}`];
    return [...this.words(value, schema, at), ...this.keys(value, schema, at), ...this.items(value, schema, at)];
  }

  private words(value: unknown, schema: Schema, at: string): string[] {
    if (typeof value !== "string") return [];
    if (Array.isArray(schema["enum"]) && !schema["enum"].includes(value)) return [`${at} is "${value}", none of ${schema["enum"].join(", ")}`];
    if (typeof schema["pattern"] === "string" && !new RegExp(schema["pattern"]).test(value)) return [`${at} is "${value}", not ${schema["pattern"]}`];
    return schema["format"] === "date-time" && !TIME.test(value) ? [`${at} is "${value}", no time`] : [];
  }

  private keys(value: unknown, schema: Schema, at: string): string[] {
    if (typeOf(value) !== "object") return [];
    const object = value as Record<string, unknown>;
    const properties = (schema["properties"] ?? {}) as Record<string, Schema>;
    const missing = ((schema["required"] ?? []) as string[]).filter((key) => !(key in object)).map((key) => `${at} lacks ${key}`);
    const more = schema["additionalProperties"];
    const within = Object.entries(object).flatMap(([key, one]) => {
      const property = properties[key];
      if (property !== undefined) return this.complaints(one, property, `${at}.${key}`);
      if (more === undefined && schema["properties"] !== undefined) this.unnamed.add(`${at.replace(/\[\d+\]/g, "[]")}.${key}`);
      if (more === false) return [`${at} has ${key}, which its schema lacks`];
      return typeof more === "object" ? this.complaints(one, more as Schema, `${at}.${key}`) : [];
    });
    return [...missing, ...within];
  }

  private items(value: unknown, schema: Schema, at: string): string[] {
    if (!Array.isArray(value) || schema["items"] === undefined) return [];
    return value.flatMap((one, index) => this.complaints(one, schema["items"] as Schema, `${at}[${index}]`));
  }
}
