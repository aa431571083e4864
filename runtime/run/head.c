/* A chain proves nothing about its end unless somebody else knows it. */
#include "run/head.h"

#include "base/file.h"
#include "base/log.h"
#include "ledger/audit.h"
#include "run/step.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void append_line(const char *path, const char *line)
{
    Error err = {0};
    AUTO(base_free) char *folder = base_printf("%.*s", (int)(strrchr(path, '/') - path), path);
    if (!file_make_folder(folder, &err)) {
        log_warn("audit: %s", err.message);
        return;
    }
    FILE *file = fopen(path, "ae");
    if (file == NULL || fprintf(file, "%s\n", line) < 0)
        log_warn("audit: %s: %s", path, strerror(errno));
    if (file != NULL && fclose(file) != 0)
        log_warn("audit: %s: %s", path, strerror(errno));
}

void run_head_write(const char *file, const json_t *head)
{
    AUTO(base_free) char *line = json_text(head);
    log_info("audit: %s", line);
    if (file != NULL)
        append_line(file, line);
}

void run_head_export(Run *run)
{
    AUTO(json_auto) json_t *heads = NULL;
    Error err = {0};
    if (!ledger_audit_heads(run->ledger, run->id, &heads, &err)) {
        log_warn("audit: the head of run %s was not exported: %s", run->id_text, err.message);
        return;
    }
    run_head_write(run->options.hooks->heads_file, json_array_get(heads, 0));
}
