---@meta
-- Types of the plan language for lua-language-server. Written by `headgate docs types`.

---A part of a plan, made by one of the words below.
---@class headgate.Node

---SQL text with the place it comes from.
---@class headgate.Sql

---@class headgate.Trigger

---@class headgate.Thresholds

---@class headgate.Ambiguous

---@class headgate.Skip

---@class headgate.Plan.Budgets
---@field downtime? string  How long the application may be stopped: while a phase marked `downtime` is begun and not over, working or waiting, forward or back.
---@field rollback? string  How long a rollback may take.
---@field duration? string  How long the run may take, without its rollback.
---@field on_over? "tell"|"hold"  When one is exceeded: tell it (an event, the run's page, the report), or hold the run before its next step too. A rollback is never held. Default: "tell".

---@class headgate.Plan.Params
---@field type? "text"|"integer"|"number"|"boolean"|"choice"|"duration"  What the value must be. Default: "text".
---@field choices? string|string[]  The values that a parameter of type "choice" may have.
---@field default? number|string|boolean  The value when the run gives none.
---@field required? boolean  Must the run give a value? Default: yes, unless there is a default. false: without one it is nil.
---@field doc? string  What the parameter is for; shown where a run is started.

---The whole migration. A plan.lua has exactly one.
---@class headgate.Plan
---@field doc string  What the plan does and why, in a sentence or two; the first thing an approver reads.
---@field target? string  The target in headgate.yaml that the plan changes. Default: "app".
---@field document? headgate.Sql  The check-list that the migration must tick: a Markdown file with boxes (`- [ ] text`). `ticks` says what ticks each of them; a box that nothing ticks is shown as debt.
---@field budgets? headgate.Plan.Budgets  How long it may take; what is measured against it is shown with the run.
---@field params? table<string, headgate.Plan.Params>  Typed parameters that a run is given (`--param name=value`, the start form); functions read them as `params.name`. Their values are part of what is approved.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field [integer] headgate.Node  in the order in which they run

---The whole migration. A plan.lua has exactly one.
---@param name string
---@return fun(keys: headgate.Plan): headgate.Node
function plan(name) end

---Steps that belong together; they run in the order they are written.
---@class headgate.Phase
---@field downtime? boolean  true: the application is stopped meanwhile, which counts against `budgets.downtime`.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the phase is for.
---@field [integer] headgate.Node  in the order in which they run

---Steps that belong together; they run in the order they are written.
---@param name string
---@return fun(keys: headgate.Phase): headgate.Node
function phase(name) end

---@class headgate.Step.Proof
---@field soak? string  How long the last stage of the rollout before must have held with every guard green.
---@field no_rows? string|headgate.Sql  A query that must find nothing: asked in the step's own transaction, after its locks.

---A change by SQL. It takes effect exactly once, whatever dies when.
---@class headgate.Step
---@field up string|headgate.Sql  The SQL that makes the change: one or more statements, inline or file "…".
---@field down? string|headgate.Sql  The SQL that takes the change back; run by a rollback, in reverse order of the steps.
---@field one_way? string  Why there is no way back. Announced before the run starts; a rollback stops here.
---@field transaction? boolean  false for statements that cannot run in a transaction (CREATE INDEX CONCURRENTLY, …). Default: true.
---@field lock_budget? string  How long the step tries to get its locks before it fails and names who holds them. Default: the target's lock_budget.
---@field proof? headgate.Step.Proof  What must hold before the step may run: for steps that remove something.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the step does, for people.

---A change by SQL. It takes effect exactly once, whatever dies when.
---@param name string
---@return fun(keys: headgate.Step): headgate.Node
function step(name) end

---A folder of migration files, each a step of its own, in the order of their numbers: `001_x.up.sql` with `001_x.down.sql`, `001_x/up.sql` with `001_x/down.sql`, or `001_x.sql` with the lines `-- migrate:up` and `-- migrate:down`.
---@class headgate.Migrations
---@field dir string  The folder inside the plan's own that holds the files.
---@field one_way? table<string, string>  Why a migration has no way back, by its number or name: { ["003"] = "why" }; "*" stands for all that have none.
---@field after? string  Only migrations with a greater number: the ones up to it were applied before.
---@field up_to? string  Only migrations up to and with this number.
---@field lock_budget? string  How long each step tries to get its locks. Default: the target's lock_budget.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the migrations do, for people.

---A folder of migration files, each a step of its own, in the order of their numbers: `001_x.up.sql` with `001_x.down.sql`, `001_x/up.sql` with `001_x/down.sql`, or `001_x.sql` with the lines `-- migrate:up` and `-- migrate:down`.
---@param name string
---@return fun(keys: headgate.Migrations): headgate.Node
function migrations(name) end

---@class headgate.Task.Done
---@field sql? string|headgate.Sql  A query of one boolean value: has it happened?
---@field exec? string[]  A program that looks: exit code 0 = it has happened, 1 = it has not.
---@field http? headgate.Task.Http  A request: it has happened when the answer is as described.

---A change by Lua that may wait for the database.
---@class headgate.Task
---@field run function  function(db): free-form Lua with waiting calls (db:query, …).
---@field undo? function  function(db): takes back what run did.
---@field one_way? string  Why there is no way back.
---@field no_effect? string  Why there is nothing to take back (it only looks).
---@field transaction? boolean  true: run is one transaction and may wait only for db. false: at least once, may wait for anything. Default: true.
---@field timeout? string  The longest that run may take, waiting for SQL included; after that it has failed and its transaction is rolled back.
---@field done? headgate.Task.Done  With transaction = false: how to find out whether it has happened, when a runner died meanwhile. Without it the run is held, and a person is asked.
---@field repeatable? boolean  With transaction = false: doing it twice is the same as once, so it is done again without asking.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the task does, for people.

---A change by Lua that may wait for the database.
---@param name string
---@return fun(keys: headgate.Task): headgate.Node
function task(name) end

---A change of many rows, in batches, by worker processes, while the application writes.
---@class headgate.Backfill
---@field table? string  The table, with its schema if need be. Default: the name up to its first ".".
---@field key? string|string[]  Columns of a unique, not null index to walk along. Default: the primary key.
---@field where? string  An SQL condition on the rows that still need work; passes repeat until it finds none.
---@field map? function  function(row, db): the columns to write, or skip "why", or ambiguous("why", {choices = …}).
---@field set? table<string, string>  Column = SQL expression over the row, instead of map: the server does the work.
---@field columns? string|string[]  The columns that map reads. Default: all.
---@field keep? string|string[]  Columns that must not change; a write that changes one is an error.
---@field sync? headgate.Trigger|"application"  What keeps new rows right meanwhile: trigger(sql), or "application" when its code does.
---@field batch? integer  Rows of the first batch; later ones follow batch_time. Default: chosen by the runtime.
---@field batch_time? string  How long a batch should take; at most 5s. Default: "300ms".
---@field pause? string  A rest between two batches of a worker. Default: "0s".
---@field workers? integer|"auto"  Worker processes, or "auto": 1 for a table below 5,000 rows, else 2, and from then on as many as bring more, up to 8. Default: "auto".
---@field on_error? "queue"|"fail"  A row whose map raises goes to the review queue, or fails the step. Default: "queue".
---@field one_way? string  Why old values need not be kept for a rollback. Without it every old value is kept.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the backfill does, for people.

---A change of many rows, in batches, by worker processes, while the application writes.
---@param name string
---@return fun(keys: headgate.Backfill): headgate.Node
function backfill(name) end

---Records of files into a table, in batches, by worker processes, each exactly once. What cannot be written goes to the review queue.
---@class headgate.Import
---@field data string  The store in headgate.yaml whose folder holds the files.
---@field from string|string[]  Files of that folder: names or patterns with * and ? ("users/*.json"). A pattern that finds none is an error.
---@field format? "ndjson"|"json"|"csv"|"tsv"  ndjson: a record a line. json: one array of records, or one record. csv, tsv: with a header. Default: by the file's ending.
---@field table? string  The table, with its schema if need be. Default: the name up to its first ".".
---@field key? string|string[]  Columns of a unique, not null index. Default: the primary key.
---@field map? function  function(record, db): the columns to write, or skip "why", reject "why" or ambiguous("why", {choices = …}). Default: the record's fields by name.
---@field columns? string|string[]  Without map: the fields to take. Default: all; one that is no column goes to the review queue with its record.
---@field batch? integer  Records of the first COPY; later ones take 300ms or a mebibyte. Default: chosen by the runtime.
---@field batch_time? string  How long a transaction should take, which is what a kill throws away; at most 5s. While the step is slowed it is shorter. Default: "2s".
---@field pause? string  A rest between two batches of a worker. Default: "0s".
---@field workers? integer|"auto"  Worker processes, or "auto": 1 for less than 4 MB of files, else 2, and from then on as many as bring more, up to 8. Default: "auto".
---@field on_error? "queue"|"fail"  A record that cannot be read, mapped or written goes to the review queue, or fails the step. Default: "queue".
---@field one_way? string  Why the rows stay after a rollback. Without it those that still are as they were written are deleted.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What is imported, for people.

---Records of files into a table, in batches, by worker processes, each exactly once. What cannot be written goes to the review queue.
---@param name string
---@return fun(keys: headgate.Import): headgate.Node
function import(name) end

---@class headgate.Check.Http
---@field url string  http:// or https://; `${name}` stands for a variable of headgate.yaml.
---@field headers? table<string, string>  Headers by name; `${name}` stands for a variable of headgate.yaml.
---@field body? string  The body, as it is sent.
---@field has? string  A text that the answer's body must hold.
---@field timeout? string  The longest the request may take. Default: "30s".
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"  The method of the request. Default: "GET".
---@field status? integer  The status that the answer must have. Default: 200.
---@field pointer? string  A JSON pointer, "/items/0/count": the value in the answer that is compared.

---@class headgate.Check.Exists
---@field schemas? string|string[]  Schemas.
---@field extensions? string|string[]  Extensions.
---@field tables? string|string[]  Tables, also partitioned and foreign ones.
---@field columns? string|string[]  Columns, as "table.column".
---@field enums? string|string[]  Enum types.
---@field views? string|string[]  Views, also materialized ones.
---@field sequences? string|string[]  Sequences.
---@field functions? string|string[]  Functions and procedures: "name", or "name(type, type)" for one of several.
---@field triggers? string|string[]  Enabled triggers, as "table.trigger".
---@field indexes? string|string[]  Indexes that are valid and ready.
---@field constraints? string|string[]  Validated constraints, as "table.constraint".
---@field foreign_keys? string|string[]  Validated foreign keys, as "table.constraint" or "table.column -> table.column" (several columns: "a.x, a.y -> b.x, b.y").

---@class headgate.Check.Absent
---@field schemas? string|string[]  Schemas.
---@field extensions? string|string[]  Extensions.
---@field tables? string|string[]  Tables, also partitioned and foreign ones.
---@field columns? string|string[]  Columns, as "table.column".
---@field enums? string|string[]  Enum types.
---@field views? string|string[]  Views, also materialized ones.
---@field sequences? string|string[]  Sequences.
---@field functions? string|string[]  Functions and procedures: "name", or "name(type, type)" for one of several.
---@field triggers? string|string[]  Enabled triggers, as "table.trigger".
---@field indexes? string|string[]  Indexes that are valid and ready.
---@field constraints? string|string[]  Validated constraints, as "table.constraint".
---@field foreign_keys? string|string[]  Validated foreign keys, as "table.constraint" or "table.column -> table.column" (several columns: "a.x, a.y -> b.x, b.y").

---@class headgate.Check.PlanUsesIndex
---@field sql string|headgate.Sql  The query that is planned; it is not run.
---@field index string|string[]  The index, or several of which the plan must scan at least one.
---@field params? (number|string|boolean)[]  The values of $1, $2, … in the query.
---@field enable_seqscan? boolean  false: ask what is planned when a sequential scan is no choice (for tables that are still small); the evidence says so.

---@class headgate.Check.Checksums
---@field table string  The table.
---@field equals? string  The table that must hold the same. Default with target: the same name.
---@field was? string  The name that the table had when the run started: what it holds must be unchanged.
---@field columns? string|string[]  Only these columns. Default: all, and both tables must have the same ones.
---@field where? string  Only the rows for which this SQL condition holds.
---@field target? string  The target of headgate.yaml in whose database the other table is.
---@field data? string  The store in headgate.yaml whose folder holds the files.
---@field from? string|string[]  Files of that folder: names or patterns with * and ? ("users/*.json"). A pattern that finds none is an error.
---@field format? "ndjson"|"json"|"csv"|"tsv"  ndjson: a record a line. json: one array of records, or one record. csv, tsv: with a header. Default: by the file's ending.

---@class headgate.Check.SchemaEqual
---@field with? "start"  "start": with what it was made of when the run started.
---@field target? string  With the database of this target of headgate.yaml.
---@field file? headgate.Sql  With a file of the plan's folder, as `headgate schema` prints it: file "…".
---@field schemas? string|string[]  Only what stands in these schemas. Default: all but headgate's and the system's.
---@field except? string|string[]  What is left out: "public.new" or "table public.new", an object with all its parts; "table public.t: column x", one part.
---@field privileges? boolean  false: owners and grants may differ. Default: true.
---@field column_order? boolean  false: columns may stand in another order. Default: true.

---@class headgate.Check.WalArchiving
---@field max_age string  The last WAL file must have been archived at most this long ago. On a server that writes little, archive_timeout has to be shorter.

---What must be true before: the run stops here when it is not.
---@class headgate.Check
---@field sql? string|headgate.Sql  A query of one row with one value, to be compared.
---@field http? headgate.Check.Http  A request whose answer must be as described; what its pointer shows may be compared.
---@field equals? number|string|boolean  The value must be this.
---@field at_least? number  … must be this or more.
---@field at_most? number  … must be this or less.
---@field above? number  … must be more than this.
---@field below? number  … must be less than this.
---@field no_rows? string|headgate.Sql  A query that must find nothing; what it finds is shown as the evidence.
---@field exists? headgate.Check.Exists  Objects that must be there and in order, with their schema if need be; all that is missing is named at once.
---@field absent? headgate.Check.Absent  Objects that must not be there.
---@field plan_uses_index? headgate.Check.PlanUsesIndex  A query whose plan must scan an index.
---@field checksums? headgate.Check.Checksums  Tables whose rows must be as they were when the run started, or { table = …, equals = … }: two tables, also of two databases, that must hold the same rows; or { table = …, data = …, from = … }: files, whose records must be the rows. What differs is named by its keys.
---@field schema_equal? headgate.Check.SchemaEqual  The schema must equal another: by object and part, not by the text of a dump. What differs is named.
---@field wal_archiving? headgate.Check.WalArchiving  The server must archive its WAL: archive_mode is on, nothing has failed since the last success, and that is not too long ago.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  Why it must be so.

---What must be true before: the run stops here when it is not.
---@param name string
---@return fun(keys: headgate.Check): headgate.Node
function check(name) end

---@class headgate.Verify.Http
---@field url string  http:// or https://; `${name}` stands for a variable of headgate.yaml.
---@field headers? table<string, string>  Headers by name; `${name}` stands for a variable of headgate.yaml.
---@field body? string  The body, as it is sent.
---@field has? string  A text that the answer's body must hold.
---@field timeout? string  The longest the request may take. Default: "30s".
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"  The method of the request. Default: "GET".
---@field status? integer  The status that the answer must have. Default: 200.
---@field pointer? string  A JSON pointer, "/items/0/count": the value in the answer that is compared.

---@class headgate.Verify.Exists
---@field schemas? string|string[]  Schemas.
---@field extensions? string|string[]  Extensions.
---@field tables? string|string[]  Tables, also partitioned and foreign ones.
---@field columns? string|string[]  Columns, as "table.column".
---@field enums? string|string[]  Enum types.
---@field views? string|string[]  Views, also materialized ones.
---@field sequences? string|string[]  Sequences.
---@field functions? string|string[]  Functions and procedures: "name", or "name(type, type)" for one of several.
---@field triggers? string|string[]  Enabled triggers, as "table.trigger".
---@field indexes? string|string[]  Indexes that are valid and ready.
---@field constraints? string|string[]  Validated constraints, as "table.constraint".
---@field foreign_keys? string|string[]  Validated foreign keys, as "table.constraint" or "table.column -> table.column" (several columns: "a.x, a.y -> b.x, b.y").

---@class headgate.Verify.Absent
---@field schemas? string|string[]  Schemas.
---@field extensions? string|string[]  Extensions.
---@field tables? string|string[]  Tables, also partitioned and foreign ones.
---@field columns? string|string[]  Columns, as "table.column".
---@field enums? string|string[]  Enum types.
---@field views? string|string[]  Views, also materialized ones.
---@field sequences? string|string[]  Sequences.
---@field functions? string|string[]  Functions and procedures: "name", or "name(type, type)" for one of several.
---@field triggers? string|string[]  Enabled triggers, as "table.trigger".
---@field indexes? string|string[]  Indexes that are valid and ready.
---@field constraints? string|string[]  Validated constraints, as "table.constraint".
---@field foreign_keys? string|string[]  Validated foreign keys, as "table.constraint" or "table.column -> table.column" (several columns: "a.x, a.y -> b.x, b.y").

---@class headgate.Verify.PlanUsesIndex
---@field sql string|headgate.Sql  The query that is planned; it is not run.
---@field index string|string[]  The index, or several of which the plan must scan at least one.
---@field params? (number|string|boolean)[]  The values of $1, $2, … in the query.
---@field enable_seqscan? boolean  false: ask what is planned when a sequential scan is no choice (for tables that are still small); the evidence says so.

---@class headgate.Verify.Checksums
---@field table string  The table.
---@field equals? string  The table that must hold the same. Default with target: the same name.
---@field was? string  The name that the table had when the run started: what it holds must be unchanged.
---@field columns? string|string[]  Only these columns. Default: all, and both tables must have the same ones.
---@field where? string  Only the rows for which this SQL condition holds.
---@field target? string  The target of headgate.yaml in whose database the other table is.
---@field data? string  The store in headgate.yaml whose folder holds the files.
---@field from? string|string[]  Files of that folder: names or patterns with * and ? ("users/*.json"). A pattern that finds none is an error.
---@field format? "ndjson"|"json"|"csv"|"tsv"  ndjson: a record a line. json: one array of records, or one record. csv, tsv: with a header. Default: by the file's ending.

---@class headgate.Verify.SchemaEqual
---@field with? "start"  "start": with what it was made of when the run started.
---@field target? string  With the database of this target of headgate.yaml.
---@field file? headgate.Sql  With a file of the plan's folder, as `headgate schema` prints it: file "…".
---@field schemas? string|string[]  Only what stands in these schemas. Default: all but headgate's and the system's.
---@field except? string|string[]  What is left out: "public.new" or "table public.new", an object with all its parts; "table public.t: column x", one part.
---@field privileges? boolean  false: owners and grants may differ. Default: true.
---@field column_order? boolean  false: columns may stand in another order. Default: true.

---@class headgate.Verify.WalArchiving
---@field max_age string  The last WAL file must have been archived at most this long ago. On a server that writes little, archive_timeout has to be shorter.

---@class headgate.Verify.Counts
---@field data string  The store in headgate.yaml whose folder holds the files.
---@field from string|string[]  Files of that folder: names or patterns with * and ? ("users/*.json"). A pattern that finds none is an error.
---@field format? "ndjson"|"json"|"csv"|"tsv"  ndjson: a record a line. json: one array of records, or one record. csv, tsv: with a header. Default: by the file's ending.

---What must be true after: evidence for gates; the run does not go on when it fails.
---@class headgate.Verify
---@field sql? string|headgate.Sql  A query of one row with one value, to be compared.
---@field http? headgate.Verify.Http  A request whose answer must be as described; what its pointer shows may be compared.
---@field equals? number|string|boolean  The value must be this.
---@field at_least? number  … must be this or more.
---@field at_most? number  … must be this or less.
---@field above? number  … must be more than this.
---@field below? number  … must be less than this.
---@field no_rows? string|headgate.Sql  A query that must find nothing; what it finds is shown as the evidence.
---@field exists? headgate.Verify.Exists  Objects that must be there and in order, with their schema if need be; all that is missing is named at once.
---@field absent? headgate.Verify.Absent  Objects that must not be there.
---@field plan_uses_index? headgate.Verify.PlanUsesIndex  A query whose plan must scan an index.
---@field checksums? headgate.Verify.Checksums  Tables whose rows must be as they were when the run started, or { table = …, equals = … }: two tables, also of two databases, that must hold the same rows; or { table = …, data = …, from = … }: files, whose records must be the rows. What differs is named by its keys.
---@field schema_equal? headgate.Verify.SchemaEqual  The schema must equal another: by object and part, not by the text of a dump. What differs is named.
---@field wal_archiving? headgate.Verify.WalArchiving  The server must archive its WAL: archive_mode is on, nothing has failed since the last success, and that is not too long ago.
---@field counts? headgate.Verify.Counts  Tables that must have as many rows as when the run started, or table = exact number of rows, or table = another table with as many, or table = { data = …, from = … }: files with as many records.
---@field ambiguous? integer  0: the review queue of the run must be empty.
---@field holds_until? string  A later phase or step, by name or path, that changes what is seen here: from its begin `headgate verify` no longer looks. Default: it must hold for good.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  Why it must be so.

---What must be true after: evidence for gates; the run does not go on when it fails.
---@param name string
---@return fun(keys: headgate.Verify): headgate.Node
function verify(name) end

---@class headgate.Backup.Proof
---@field command string[]  A program that only looks, and prints JSON, or a time a line of which the newest counts. Times are ISO 8601 (UTC where they name no zone) or seconds since 1970. Exit code 0 = there is a backup.
---@field max_age string  The backup must be at most so old, by the clock of the state database.
---@field time? string  A JSON pointer: where the time stands in JSON. Default: "/time".
---@field id? string  A JSON pointer: where the name of the backup stands in JSON; it need not be there. Default: "/id".
---@field env? table<string, string>  Environment variables of the program; `${name}` stands for a variable of headgate.yaml.
---@field timeout? string  The longest the program may take. Default: "30s".

---@class headgate.Backup.RestoreTest
---@field digests? boolean  Compare the content of each table too, by a sum over its rows, not only how many they are.
---@field jobs? integer  How many connections restore beside each other. Default: 1.

---@class headgate.Backup.Retain
---@field hourly? integer  The newest backup of so many hours.
---@field daily? integer  The newest backup of so many days.
---@field weekly? integer  The newest backup of so many weeks, Monday to Sunday.
---@field monthly? integer  The newest backup of so many months.
---@field yearly? integer  The newest backup of so many years.

---A pg_dump of the target, verified by listing it. Restoring it is never called a rollback.
---@class headgate.Backup
---@field proof? headgate.Backup.Proof  Nothing is dumped: another tool has made a backup, and a program says so. What it said is the evidence.
---@field restore_test? boolean|headgate.Backup.RestoreTest  Restores the dump into a scratch database on the same server, compares its tables with the snapshot that was dumped, and drops it again. Needs CREATEDB, which is looked at before the first effect of the run.
---@field retain? string|headgate.Backup.Retain  How long the backup must be kept, or how many of the series that this step makes from run to run: of each of the last n days (weeks, …) that have a backup, the newest one. Nothing is deleted by itself: `headgate backup prune` does it.
---@field format? "custom"  The format of pg_dump. Default: "custom".
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the backup is for.

---A pg_dump of the target, verified by listing it. Restoring it is never called a rollback.
---@param name string
---@return fun(keys: headgate.Backup): headgate.Node
function backup(name) end

---@class headgate.Gate.Window
---@field days? string|string[]  The days on which it begins. Default: every day.
---@field from? string  Not before this time of day. Default: "00:00".
---@field to? string  Not at or after this one; one that is not later than `from` is of the next day. Default: "24:00".
---@field zone? string  The time zone of these times, as PostgreSQL knows it: "Europe/Berlin". Default: the environment's `time_zone`.

---@class headgate.Gate.Fields
---@field type? "text"|"integer"|"number"|"boolean"|"choice"|"duration"  What the answer must be. Default: "text".
---@field choices? string|string[]  The answers that a field of type "choice" may have.
---@field default? number|string|boolean  The answer of an approver who gives none.
---@field required? boolean  Must an approver answer it? Default: yes, unless there is a default.
---@field doc? string  The question, as the gate's page shows it.

---The run waits here until people have approved what they see.
---@class headgate.Gate
---@field ask? string  The question on the gate's page.
---@field approvers string|string[]  Roles of headgate.yaml; at least one person of each must approve.
---@field need? integer  How many different persons must approve. Nobody approves their own run. Default: 1.
---@field evidence? string|string[]  Phases or steps before the gate, by name or path, whose verdicts are shown and bound by the approval.
---@field expires? string  How long the gate waits for its approvals. Default: for ever.
---@field on_expire? "hold"|"reject"|"rollback"  What happens when it has waited that long. It never counts as approved. Default: "hold".
---@field wait? string  How long the run waits after the last approval; until then it can be revoked.
---@field window? headgate.Gate.Window  When what follows may begin. An approved gate waits for it.
---@field fields? table<string, headgate.Gate.Fields>  What an approver is asked besides: typed answers, by name. They are part of the signed approval and stand in the step's detail and the report.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What passing the gate means.

---The run waits here until people have approved what they see.
---@param name string
---@return fun(keys: headgate.Gate): headgate.Node
function gate(name) end

---Lets a change out in stages: behind the application's own flag, or by the share of the traffic that goes to its new version. Its undo is 0 % and off; what it never set stays as it is.
---@class headgate.Rollout
---@field flag? headgate.SqlFlag  Where the application reads its percentage: sql_flag { … }.
---@field traffic? headgate.Haproxy  Instead of a flag: what share of the traffic goes to the new version, haproxy { … }. An environment with `traffic: none` passes over such a rollout.
---@field guards? string|headgate.Thresholds|(string|headgate.Thresholds)[]  What must hold during every stage: "error_rate < 1%", thresholds "name", or a list.
---@field on_breach? "rollback"|"hold"  When a guard does not hold: back to 0 % and off, or hold and ask a person. Default: "rollback".
---@field on_no_data? "hold"|"rollback"  When a guard has no data, or the share cannot be read: hold until that is over, or roll back. It never counts as good. Default: "hold".
---@field ticks? string|string[]|table<string, string|string[]>  The boxes of the plan's document that this ticks when it is done: texts, or metric = texts for what the guard of that metric ticks.
---@field doc? string  What is let out.
---@field [integer] headgate.Node  in the order in which they run

---Lets a change out in stages: behind the application's own flag, or by the share of the traffic that goes to its new version. Its undo is 0 % and off; what it never set stays as it is.
---@param name string
---@return fun(keys: headgate.Rollout): headgate.Node
function rollout(name) end

---A share of the rollout and how long it is watched. Its name is its percentage.
---@class headgate.Stage
---@field percent number  Whom the flag lets in; never less than in the stage before.
---@field watch string  How long every guard must have data and hold before the next stage.
---@field guards? string|headgate.Thresholds|(string|headgate.Thresholds)[]  What must hold too, in this stage.
---@field gate? headgate.Gate  A gate to pass before this stage begins: the keys of gate.
---@field ticks? string|string[]|table<string, string|string[]>  The boxes of the plan's document that this ticks when it is done: texts, or metric = texts for what the guard of that metric ticks.
---@field doc? string  What the stage is for.

---A share of the rollout and how long it is watched. Its name is its percentage.
---@param keys headgate.Stage
---@return headgate.Node
function stage(keys) end

---Something a person does outside; the run waits until they say that it is done.
---@class headgate.Manual
---@field role? string|string[]  Who may say that it is done. Default: anyone who may run.
---@field evidence? string  What the person has to give: a link, a ticket, a figure.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  How to do it.

---Something a person does outside; the run waits until they say that it is done.
---@param name string
---@return headgate.Node|fun(keys: headgate.Manual): headgate.Node
function manual(name) end

---Things for people to tick; the run waits until all are ticked.
---@class headgate.Checklist
---@field items string|string[]  What to tick, one by one; may be written straight into the table.
---@field role? string|string[]  Who may tick. Default: anyone who may run.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the list is for.
---@field [integer] string

---Things for people to tick; the run waits until all are ticked.
---@param name string
---@return fun(keys: headgate.Checklist): headgate.Node
function checklist(name) end

---@class headgate.Exec.Done
---@field sql? string|headgate.Sql  A query of one boolean value: has it happened?
---@field exec? string[]  A program that looks: exit code 0 = it has happened, 1 = it has not.
---@field http? headgate.Exec.Http  A request: it has happened when the answer is as described.

---@class headgate.Exec.Undo
---@field sql? string|headgate.Sql  SQL, in one transaction with its row in the ledger.
---@field exec? string[]  A program; it may be run twice.
---@field http? headgate.Exec.Http  A request; it may be sent twice, with the same Idempotency-Key.

---A program, run at least once, in a folder that holds the plan's files.
---@class headgate.Exec
---@field argv string[]  The program and its arguments; no shell. A relative name with "/" is a file of the plan's folder; a name without one is looked up in PATH.
---@field env? table<string, string>  Variables of its environment, beside PATH, HOME, USER, LANG, TZ and TMPDIR; `${name}` stands for a variable of headgate.yaml.
---@field timeout? string  The longest it may run; it is killed after that and has failed. Default: "10m".
---@field done? headgate.Exec.Done  How to find out whether it has happened, when a runner died while it was done. Without it the run is held, and a person is asked.
---@field undo? headgate.Exec.Undo  What takes it back.
---@field one_way? string  Why there is no way back.
---@field no_effect? string  Why there is nothing to take back (it only looks).
---@field repeatable? boolean  true: doing it twice is the same as once, so it is done again without asking. Default: false.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the program does, for people.

---A program, run at least once, in a folder that holds the plan's files.
---@param name string
---@return fun(keys: headgate.Exec): headgate.Node
function exec(name) end

---@class headgate.Http.Done
---@field sql? string|headgate.Sql  A query of one boolean value: has it happened?
---@field exec? string[]  A program that looks: exit code 0 = it has happened, 1 = it has not.
---@field http? headgate.Http.Http  A request: it has happened when the answer is as described.

---@class headgate.Http.Undo
---@field sql? string|headgate.Sql  SQL, in one transaction with its row in the ledger.
---@field exec? string[]  A program; it may be run twice.
---@field http? headgate.Http.Http  A request; it may be sent twice, with the same Idempotency-Key.

---A request that changes something elsewhere, sent at least once with a stable Idempotency-Key.
---@class headgate.Http
---@field url string  http:// or https://; `${name}` stands for a variable of headgate.yaml.
---@field headers? table<string, string>  Headers by name; `${name}` stands for a variable of headgate.yaml.
---@field body? string  The body, as it is sent.
---@field has? string  A text that the answer's body must hold.
---@field timeout? string  The longest the request may take. Default: "30s".
---@field method? "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"  The method of the request. Default: "POST".
---@field status? integer  The status that means done. Default: any from 200 to 299.
---@field done? headgate.Http.Done  How to find out whether it has happened, when a runner died while it was done. Without it the run is held, and a person is asked.
---@field undo? headgate.Http.Undo  What takes it back.
---@field one_way? string  Why there is no way back.
---@field no_effect? string  Why there is nothing to take back (it only looks).
---@field repeatable? boolean  true: doing it twice is the same as once, so it is done again without asking. Default: false.
---@field allow? table<string, string>  What `headgate check` reports here or below and is meant, with the reason: { index_blocks = "250 rows" }. docs/lint.md has the rules.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the request does, for people.

---A request that changes something elsewhere, sent at least once with a stable Idempotency-Key.
---@param name string
---@return fun(keys: headgate.Http): headgate.Node
function http(name) end

---A message to a webhook. It may arrive twice, with the same Idempotency-Key.
---@class headgate.Notify
---@field url string  Where to send it; `${name}` stands for a variable of headgate.yaml.
---@field text? string  The message. Default: the name.
---@field headers? table<string, string>  Headers by name; `${name}` stands for a variable of headgate.yaml.
---@field body? string  The whole body instead of `{"text": …, "plan": …, "run": …, "environment": …}`.
---@field timeout? string  The longest the request may take. Default: "10s".
---@field on_error? "go_on"|"fail"  When nobody takes it: go on and say so, or fail the step. Default: "go_on".
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  Who is told, and why.

---A message to a webhook. It may arrive twice, with the same Idempotency-Key.
---@param name string
---@return fun(keys: headgate.Notify): headgate.Node
function notify(name) end

---The run waits here; the time goes on while no runner runs.
---@class headgate.Soak
---@field lasts string  How long, by the database's clock, also while no runner runs. `soak` of the environment goes before it.
---@field ticks? string|string[]  The boxes of the plan's document that this ticks when it is done.
---@field doc? string  What the time is for.

---The run waits here; the time goes on while no runner runs.
---@param name string
---@return fun(keys: headgate.Soak): headgate.Node
function soak(name) end

---The text of a file in the plan's own folder; errors in it name the file and its line.
---@param text string
---@return headgate.Sql
function file(text) end

---SQL that installs a trigger which keeps new rows right while a backfill runs.
---@param sql string|headgate.Sql
---@return headgate.Trigger
function trigger(sql) end

---A feature flag that is a row in a table of the application.
---@class headgate.SqlFlag
---@field table string  The application's table of flags.
---@field name string  Its column with the flag's name; the row of the rollout's name is the flag.
---@field percent string  Its column with the percentage, 0 to 100.
---@field enabled? string  Its boolean column that switches the flag on.

---A feature flag that is a row in a table of the application.
---@param keys headgate.SqlFlag
---@return headgate.SqlFlag
function sql_flag(keys) end

---Two servers of an HAProxy backend, whose weights a rollout sets by the runtime API: the traffic that goes to the green one is the stage's percentage. The backend must balance by weight (roundrobin, leastconn, …) and have no third server that takes traffic.
---@class headgate.Haproxy
---@field socket string  Its admin socket (`stats socket … level admin`): an absolute path, or a loopback address like 127.0.0.1:9999; `${name}` stands for a variable of headgate.yaml.
---@field backend string  The backend's name.
---@field blue string  The server of the version that runs now.
---@field green string  The server of the new version.

---Two servers of an HAProxy backend, whose weights a rollout sets by the runtime API: the traffic that goes to the green one is the stage's percentage. The backend must balance by weight (roundrobin, leastconn, …) and have no third server that takes traffic.
---@param keys headgate.Haproxy
---@return headgate.Haproxy
function haproxy(keys) end

---The alerts and goals of that name in headgate.yaml: a group of the run's environment, or a whole environment.
---@param text string
---@return headgate.Thresholds
function thresholds(text) end

---Returned by map: a person has to decide this row. It goes to the review queue, never to nowhere.
---@param why string
---@param more? { choices?: table[] }
---@return headgate.Ambiguous
function ambiguous(why, more) end

---Returned by map: leave this row as it is, and say why.
---@param text string
---@return headgate.Skip
function skip(text) end

---Returned by the map of an import: this record cannot become a row. It goes to the review queue.
---@param text string
---@return headgate.Reject
function reject(text) end

---What people answered to a field of a gate (`fields = { … }`) that stands before the step, in the field's type. Read from their signed approvals. Only for functions of steps (run, undo, map); `headgate check` looks at gate and field where they are written out.
---@param gate string  the gate's name, or its path
---@param field string  one of its fields
---@return string|number|boolean|nil value nil: the field is optional and nobody answered it
function answer(gate, field) end

---Writes a line into the run's log, which the dashboard and `headgate log` show.
---@async
---@param ... any  joined by blanks; one line, at most 2,000 bytes
function log(...) end

---The values of the plan's parameters (`params = { … }` of the plan), by name, read only; an optional one without a value is nil. Only for functions of steps (run, undo, map): the parts of a plan are the same for every run, and approvals bind both.
---@type table<string, string|number|boolean>
params = {}

---Waits. Only in a task with transaction = false: a transaction that sleeps keeps its locks.
---@async
---@param duration string  "500ms", "5s", "2m"
function sleep(duration) end

---The database, in the transaction of the step or (for map) read only. It is the argument of run, undo and map.
---@class headgate.Db
local db = {}

---Runs a statement and gives its rows as tables by column name. Whole numbers (smallint, integer, bigint) are integers, real and double are numbers, boolean is a boolean; numeric, json and every other type are texts as PostgreSQL writes them; NULL is absent. At most 100,000 rows.
---@async
---@param sql string  one statement with $1, $2, … for the parameters
---@param ... string|number|boolean|nil  the parameters; nil and json.null are NULL
---@return table<string, any>[] rows
function db:query(sql, ...) end

---Like query for at most one row; more are an error.
---@async
---@param sql string  one statement with $1, $2, … for the parameters
---@param ... string|number|boolean|nil  the parameters; nil and json.null are NULL
---@return table<string, any>? row nil when there is none
function db:one(sql, ...) end

---Like one for a query of one column: its value.
---@async
---@param sql string  one statement with $1, $2, … for the parameters
---@param ... string|number|boolean|nil  the parameters; nil and json.null are NULL
---@return any value nil when there is no row or the value is NULL
function db:value(sql, ...) end

---Runs a statement for its effect. Transaction control, SET ROLE and session settings of the runtime are refused.
---@async
---@param sql string  one statement, or several when there are no parameters
---@param ... string|number|boolean|nil  the parameters; nil and json.null are NULL
---@return integer rows how many rows the (last) statement changed
function db:exec(sql, ...) end

---JSON text and Lua values. 64-bit integers stay integers, [] stays a list.
json = {}

---Writes a value as JSON. A table with entries 1 … n is a list, every other one an object; an empty table is an object unless it is marked with json.array.
---@param value any  tables, texts, numbers, booleans, json.null
---@return string text keys are sorted, so that the same value is always the same text
function json.encode(value) end

---Reads JSON. Whole numbers of up to 64 bits stay whole; others are floating-point numbers.
---@param text string  JSON; the values of json and jsonb columns that db:query gives
---@return any value null is json.null; lists are marked, so that an empty one stays a list
function json.decode(text) end

---Marks a table as a list, for lists that may be empty.
---@param list? table  changed in place; a new one when left out
---@return table list
function json.array(list) end

---JSON's null, and SQL's NULL as a parameter of db:query. A column that is NULL is simply absent (nil) in a row.
---@type userdata
json.null = nil
