/* execute (internal): becomes a program of a plan, and takes care that the program does not outlive
 * the runner that started it: a successor must not find it at work still. */
#include "cli/execute.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { FIRST_WORD = 3, EXIT_NOT_FOUND = 127 };

int cli_execute(int argc, char **argv)
{
    if (argc <= FIRST_WORD)
        return EXIT_NOT_FOUND;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
        getppid() != (pid_t)strtol(argv[FIRST_WORD - 1], NULL, 10))
        return EXIT_NOT_FOUND; /* the runner has died before we asked */
    execvp(argv[FIRST_WORD], argv + FIRST_WORD);
    fprintf(stderr, "cannot start %s: %s\n", argv[FIRST_WORD], strerror(errno));
    return EXIT_NOT_FOUND;
}
