/* The main function of every command; the table that names them is in table.c. One file a command
 * or family: cmd_<name>.c. */
#ifndef HEADGATE_CLI_COMMANDS_H
#define HEADGATE_CLI_COMMANDS_H

#include "cli/command.h"

CliMain cli_abort;
CliMain cli_answer;
CliMain cli_advance;
CliMain cli_skip;
CliMain cli_repair;
CliMain cli_approve;
CliMain cli_audit;
CliMain cli_backup;
CliMain cli_break_glass;
CliMain cli_check;
CliMain cli_completion;
CliMain cli_demo;
CliMain cli_docs;
CliMain cli_doctor;
CliMain cli_dry;
CliMain cli_fsck;
CliMain cli_graph;
CliMain cli_help;
CliMain cli_init;
CliMain cli_ledger;
CliMain cli_log;
CliMain cli_pause;
CliMain cli_plan;
CliMain cli_recheck;
CliMain cli_reject;
CliMain cli_report;
CliMain cli_resume;
CliMain cli_retry;
CliMain cli_review;
CliMain cli_revoke;
CliMain cli_rollback;
CliMain cli_rows;
CliMain cli_run;
CliMain cli_runner;
CliMain cli_schema;
CliMain cli_serve;
CliMain cli_status;
CliMain cli_token;
CliMain cli_tune;
CliMain cli_user;
CliMain cli_verify;
CliMain cli_version;
CliMain cli_watch;
CliMain cli_worker;

#endif
