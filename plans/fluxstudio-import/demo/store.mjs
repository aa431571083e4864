// FluxStudio's file store: a folder with one JSON array a collection, messages as segments of lines, a journal, a manifest.
// Knows nothing of Headgate: what it says of its records (digest, what is bad) is worked out a second time, by other code.
import { createHash } from "node:crypto";
import { createReadStream, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Fields in the order of the columns; a "?" may be missing. */
export const COLLECTIONS = {
  users: "id email name userType passwordHash createdAt",
  organizations: "id name slug createdAt",
  organization_members: "organizationId userId role joinedAt",
  teams: "id organizationId name createdAt",
  team_members: "teamId userId role joinedAt",
  projects: "id organizationId teamId? name status createdBy createdAt",
  conversations: "id projectId name createdAt",
  conversation_participants: "conversationId userId joinedAt",
  messages: "id conversationId authorId replyToId? content sentAt",
  message_reactions: "id messageId userId emoji createdAt",
  notifications: "id userId kind body isRead createdAt",
  project_members: "projectId userId role",
  project_milestones: "id projectId name status dueAt",
  files: "id projectId uploadedBy name sizeBytes version storagePath createdAt",
  file_permissions: "fileId userId permission",
  invoices: "id organizationId projectId number amountCents status issuedAt",
  time_entries: "id projectId userId minutes note? startedAt",
  service_packages: "id name priceCents isActive",
  client_requests: "id email subject status createdAt",
  portfolios: "id userId title",
  portfolio_items: "id portfolioId projectId title position",
};
const REFERS = {
  organizationId: "organizations", teamId: "teams", projectId: "projects", conversationId: "conversations", messageId: "messages",
  replyToId: "messages", fileId: "files", portfolioId: "portfolios", userId: "users", authorId: "users", createdBy: "users",
  uploadedBy: "users",
};
const STATUSES = new Set(["planning", "in_progress", "on_hold", "completed", "cancelled"]);

export const fieldsOf = (collection) =>
  COLLECTIONS[collection].split(" ").map((field) => ({ name: field.replace("?", ""), optional: field.endsWith("?") }));
export const column = (field) => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isTime = (field) => field.endsWith("At");

/** Fields that tell records apart: the id, or the two sides of a relation. */
export function keyFields(collection) {
  const names = fieldsOf(collection).map(({ name }) => name);
  return names[0] === "id" ? names.slice(0, 1) : names.slice(0, 2);
}
/** One text for it: what stands in an address. */
export const keyOf = (collection, record) => keyFields(collection).map((name) => record[name]).join(",");
/** As columns of the table. */
export const keyColumns = (collection, key) => Object.fromEntries(keyFields(collection).map((name, i) => [column(name), key.split(",")[i]]));

/** The files of a collection: its array, or the segments of messages in their order. */
export function filesOf(folder, collection) {
  if (collection !== "messages") return [join(folder, `${collection}.json`)];
  const parts = readdirSync(join(folder, "messages")).filter((name) => name.endsWith(".ndjson"));
  return parts.sort().map((name) => join(folder, "messages", name));
}

/** Records of a file; undefined for a line that is no JSON. */
export async function* recordsOf(file) {
  if (file.endsWith(".json")) yield* JSON.parse(readFileSync(file, "utf8"));
  else {
    for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
      if (line === "") continue;
      let record;
      try {
        record = JSON.parse(line);
      } catch {
        record = undefined;
      }
      yield record;
    }
  }
}

/** As a row holds it, one text: what plan.lua makes of the row in SQL. */
function textOf(collection, record) {
  return fieldsOf(collection)
    .map(({ name }) => {
      const value = record[name] ?? "";
      if (name === "email") return value.toLowerCase();
      return name === "status" ? value.toLowerCase().replaceAll(" ", "_") : String(value);
    })
    .join("\x1f");
}

function wellFormed(collection, record) {
  if (!fieldsOf(collection).every(({ name, optional }) => optional || (record[name] ?? null) !== null)) return false;
  if (collection !== "projects" && collection !== "project_milestones") return true;
  return STATUSES.has(record.status.toLowerCase().replaceAll(" ", "_"));
}

/** What every collection holds: how many records, how many of them are good (complete, unique, no orphan), their digest. */
export async function manifestOf(folder) {
  const known = {};
  const manifest = [];
  for (const collection of Object.keys(COLLECTIONS)) {
    const seen = (known[collection] = new Set());
    const emails = new Set();
    const line = { collection, records: 0, good: 0, digest: 0n, badIds: [] };
    const later = []; // replies may stand before what they answer
    const take = (record) => {
      line.good++;
      line.digest += BigInt(`0x${createHash("sha256").update(textOf(collection, record)).digest("hex").slice(0, 13)}`);
    };
    const orphan = (record, but) =>
      fieldsOf(collection).some(({ name }) => {
        const parent = REFERS[name];
        return parent !== undefined && name !== but && (record[name] ?? null) !== null && !known[parent].has(record[name]);
      });
    for (const file of filesOf(folder, collection)) {
      for await (const record of recordsOf(file)) {
        line.records++;
        const email = collection === "users" ? record?.email?.toLowerCase() : undefined;
        if (record === undefined || !wellFormed(collection, record) || orphan(record, "replyToId") || emails.has(email)) {
          if (record?.id !== undefined) line.badIds.push(record.id);
          continue;
        }
        if (email !== undefined) emails.add(email);
        if (record.replyToId !== undefined && !seen.has(record.replyToId)) later.push(record);
        else {
          if (record.id !== undefined) seen.add(record.id);
          take(record);
        }
      }
    }
    for (let before = -1; before !== later.length; ) {
      before = later.length;
      for (const record of later.splice(0)) {
        if (!seen.has(record.replyToId)) later.push(record);
        else {
          seen.add(record.id);
          take(record);
        }
      }
    }
    line.badIds.push(...later.map(({ id }) => id));
    manifest.push({ ...line, digest: line.digest.toString() });
  }
  return manifest;
}

/** All or nothing: a reader sees the old file or the new one. */
export function replaceFile(file, text) {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

const arrayText = (records) => `[\n${records.map((record) => JSON.stringify(record)).join(",\n")}\n]\n`;
export const writeArray = (folder, collection, records) => replaceFile(join(folder, `${collection}.json`), arrayText(records));

/** Puts records in the place of those with their key, new ones at the end; a null takes one away. A file in which nothing
 * changes is not touched; done twice it is the same as once. */
export async function mergeRecords(folder, collection, changes) {
  const left = new Map(changes);
  const files = filesOf(folder, collection);
  for (const file of files) {
    const lines = [];
    let changed = false;
    const last = file === files.at(-1);
    if (collection === "messages") {
      for (const text of readFileSync(file, "utf8").split("\n").filter((line) => line !== "")) {
        const id = /"id":"([^"]+)"/.exec(text)?.[1];
        const now = merged(text, left, id);
        if (now !== null) lines.push(now);
        changed ||= now !== text;
      }
      if (last) for (const [, record] of left) if (record !== null) lines.push(JSON.stringify(record));
      if (changed || (last && [...left.values()].some((record) => record !== null))) {
        replaceFile(file, lines.map((line) => `${line}\n`).join(""));
      }
      continue;
    }
    const before = JSON.parse(readFileSync(file, "utf8"));
    const texts = before.map((record) => JSON.stringify(record));
    const now = texts.map((text, i) => merged(text, left, keyOf(collection, before[i]))).filter((text) => text !== null);
    for (const [, record] of left) if (record !== null) now.push(JSON.stringify(record));
    if (now.join("\n") !== texts.join("\n")) writeArray(folder, collection, now.map((text) => JSON.parse(text)));
  }
}

/** Fields that the tables do not know stay as they were. */
function merged(text, left, id) {
  if (!left.has(id)) return text;
  const record = left.get(id);
  left.delete(id);
  return record === null ? null : JSON.stringify({ ...JSON.parse(text), ...record });
}

/** A record as the row that its table would hold, for the journal. */
export function rowOf(collection, record) {
  const row = {};
  for (const { name } of fieldsOf(collection)) {
    const value = record[name] ?? null;
    if (value !== null && isTime(name)) row[column(name)] = new Date(value).toISOString();
    else if (value !== null && name === "email") row[column(name)] = value.toLowerCase();
    else if (value !== null && name === "status") row[column(name)] = value.toLowerCase().replaceAll(" ", "_");
    else row[column(name)] = value;
  }
  return row;
}

/** And back: what to_jsonb(row) gave, as a record. */
export function recordOf(collection, row) {
  const record = {};
  for (const { name } of fieldsOf(collection)) {
    const value = row[column(name)];
    if (value === null || value === undefined) continue;
    record[name] = isTime(name) ? Date.parse(value) : value;
  }
  return record;
}

const journalFile = (folder) => join(folder, "journal/changes.ndjson");
export const journal = (folder) =>
  existsSync(journalFile(folder)) ? readFileSync(journalFile(folder), "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line)) : [];
export const clearJournal = (folder) => journal(folder).length > 0 && writeFileSync(journalFile(folder), "");
