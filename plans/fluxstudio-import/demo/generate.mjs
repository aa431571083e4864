// Writes FluxStudio's file store as it was before the migration: the same for the same numbers.
//
// Usage: node generate.mjs FOLDER [MESSAGES]. Some records are malformed or orphaned on purpose; they are listed at the end.
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { manifestOf, writeArray } from "./store.mjs";

const [folder, wanted = "2000"] = process.argv.slice(2);
const MESSAGES = Number(wanted);
const SEGMENT = 100000;
const START = Date.UTC(2023, 0, 2);
const USERS = Math.max(20, Math.round(MESSAGES / 100));
const PROJECTS = Math.max(10, Math.round(MESSAGES / 200));
const WORDS = "logo draft colour palette revision client review layout export banner print approved feedback motion font grid".split(" ");

let state = 20250112;
const random = (n) => {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 4294967296) * n);
};
const pick = (list) => list[random(list.length)];
const id = (kind, n) => `${kind.toString(16).padStart(8, "0")}-0000-4000-8000-${n.toString(16).padStart(12, "0")}`;
const user = (n) => id(1, n);
const organization = (n) => id(2, n);
const team = (n) => id(3, n);
const project = (n) => id(4, n);
const conversation = (n) => id(5, n);
const message = (n) => id(6, n);
const file = (n) => id(7, n);
const sentence = (length) => Array.from({ length }, () => pick(WORDS)).join(" ");
const at = (n) => START + n * 61000 + 7 * (n % 131);
const list = (count, make) => Array.from({ length: count }, (_, n) => make(n));
const ORGANIZATIONS = Math.max(4, Math.round(USERS / 10));

mkdirSync(join(folder, "messages"), { recursive: true });
mkdirSync(join(folder, "journal"), { recursive: true });
mkdirSync(join(folder, "uploads"), { recursive: true });
const write = (collection, records) => writeArray(folder, collection, records);

write("users", [
  ...list(USERS, (n) => ({ id: user(n), email: `${n % 3 === 0 ? "User" : "user"}.${n}@fluxstudio.example`, name: `User ${n}`, userType: ["client", "designer", "admin"][n % 3], passwordHash: `$2b$10$${n}`, createdAt: at(n), theme: "dark" })),
  { id: user(900001), name: "No address", userType: "client", passwordHash: "x", createdAt: at(1) },
  { id: user(900002), email: "user.0@fluxstudio.example", name: "The same address again", userType: "client", passwordHash: "x", createdAt: at(2) },
]);
write("organizations", list(ORGANIZATIONS, (n) => ({ id: organization(n), name: `Studio ${n}`, slug: `studio-${n}`, createdAt: at(n) })));
write("organization_members", list(USERS, (n) => ({ organizationId: organization(n % ORGANIZATIONS), userId: user(n), role: n % 7 === 0 ? "owner" : "member", joinedAt: at(n) })));
write("teams", list(ORGANIZATIONS, (n) => ({ id: team(n), organizationId: organization(n), name: `Team ${n}`, createdAt: at(n) })));
write("team_members", list(USERS, (n) => ({ teamId: team(n % ORGANIZATIONS), userId: user(n), role: "member", joinedAt: at(n) })));
write("projects", [
  ...list(PROJECTS, (n) => ({ id: project(n), organizationId: organization(n % ORGANIZATIONS), ...(n % 4 === 0 ? {} : { teamId: team(n % ORGANIZATIONS) }), name: `Project ${n}`, status: pick(["planning", "In Progress", "on_hold", "Completed"]), createdBy: user(random(USERS)), createdAt: at(n) })),
  { id: project(900001), organizationId: organization(0), name: "In a state that nobody knows", status: "paused?", createdBy: user(0), createdAt: at(1) },
]);
write("conversations", list(PROJECTS, (n) => ({ id: conversation(n), projectId: project(n), name: `About project ${n}`, createdAt: at(n) })));
write("conversation_participants", list(PROJECTS * 2, (n) => ({ conversationId: conversation(n >> 1), userId: user((n * 7) % USERS), joinedAt: at(n) })));

for (let from = 0, segment = 0; from < MESSAGES; from += SEGMENT, segment++) {
  const out = openSync(join(folder, "messages", `${String(segment).padStart(4, "0")}.ndjson`), "w");
  let lines = "";
  for (let n = from; n < Math.min(MESSAGES, from + SEGMENT); n++) {
    // now and then an answer to a message that is read later
    const reply = n % 5 === 4 ? { replyToId: message(n - 1 - random(4)) } : n % 97 === 0 && n % 5 !== 1 && n + 3 < MESSAGES ? { replyToId: message(n + 3) } : {};
    lines += `${JSON.stringify({ id: message(n), conversationId: conversation(random(PROJECTS)), authorId: user(random(USERS)), ...reply, content: sentence(6 + random(12)), sentAt: at(n) })}\n`;
    if (n % 1000 === 500) lines += `{"id":"${message(10 ** 9 + n)}","conversationId":"${conversation(0)}","content":"cut off in the mid\n`;
    if (n % 1000 === 600) lines += `${JSON.stringify({ id: message(2 * 10 ** 9 + n), conversationId: conversation(990000), authorId: user(0), content: "its conversation was deleted", sentAt: at(n) })}\n`;
    if (lines.length > 1 << 20) {
      writeSync(out, lines);
      lines = "";
    }
  }
  writeSync(out, lines);
  closeSync(out);
}
write("message_reactions", list(Math.round(MESSAGES / 20), (n) => ({ id: id(8, n), messageId: message((n * 13) % MESSAGES), userId: user(n % USERS), emoji: pick(["👍", "🎨", "❤️"]), createdAt: at(n) })));
write("notifications", list(USERS * 2, (n) => ({ id: id(9, n), userId: user(n >> 1), kind: "message", body: sentence(4), isRead: n % 3 !== 0, createdAt: at(n) })));
write("project_members", list(PROJECTS, (n) => ({ projectId: project(n), userId: user(n % USERS), role: "editor" })));
write("project_milestones", list(PROJECTS, (n) => ({ id: id(10, n), projectId: project(n), name: "First draft", status: "planning", dueAt: at(n) + 86400000 })));
write("files", [
  ...list(PROJECTS * 2, (n) => ({ id: file(n), projectId: project(n >> 1), uploadedBy: user(n % USERS), name: `draft-${n}.psd`, sizeBytes: 4294967296 + n, version: 1 + (n % 3), storagePath: `uploads/${n}.psd`, createdAt: at(n) })),
  { id: file(900001), projectId: project(990000), uploadedBy: user(0), name: "of a project that is gone.psd", sizeBytes: 1, version: 1, storagePath: "uploads/x.psd", createdAt: at(1) },
]);
write("file_permissions", list(PROJECTS * 2, (n) => ({ fileId: file(n), userId: user((n * 3) % USERS), permission: pick(["view", "comment", "edit"]) })));
write("invoices", list(PROJECTS, (n) => ({ id: id(11, n), organizationId: organization(n % ORGANIZATIONS), projectId: project(n), number: `F-2024-${n}`, amountCents: 100 * random(500000), status: pick(["draft", "sent", "paid"]), issuedAt: at(n) })));
write("time_entries", list(PROJECTS * 3, (n) => ({ id: id(12, n), projectId: project(n % PROJECTS), userId: user(n % USERS), minutes: 15 + random(200), ...(n % 2 ? { note: sentence(3) } : {}), startedAt: at(n) })));
write("service_packages", list(4, (n) => ({ id: id(13, n), name: `Package ${n}`, priceCents: 49900 * (n + 1), isActive: n !== 3 })));
write("client_requests", list(20, (n) => ({ id: id(14, n), email: `Lead.${n}@example.com`, subject: sentence(4), status: "new", createdAt: at(n) })));
write("portfolios", list(10, (n) => ({ id: id(15, n), userId: user(n), title: `Works of user ${n}` })));
write("portfolio_items", list(20, (n) => ({ id: id(16, n), portfolioId: id(15, n >> 1), projectId: project(n % PROJECTS), title: sentence(2), position: n % 2 })));

writeFileSync(join(folder, "journal/changes.ndjson"), "");
writeFileSync(join(folder, "application.json"), JSON.stringify({ backend: "files", frozen: false, stopped: false }));
const manifest = await manifestOf(folder);
writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(manifest)}\n`);
const [records, good] = ["records", "good"].map((key) => manifest.reduce((sum, line) => sum + line[key], 0));
console.log(JSON.stringify({ records, good, bad: records - good }));
