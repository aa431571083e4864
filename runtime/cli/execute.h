/* The one command that is not in the table: its arguments are somebody else's. */
#ifndef HEADGATE_CLI_EXECUTE_H
#define HEADGATE_CLI_EXECUTE_H

/// headgate execute PARENT PROGRAM [ARGUMENT …]: only returns when it failed.
int cli_execute(int argc, char **argv);

#endif
