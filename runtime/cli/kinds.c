/* Kind -> handlers. */
#include "cli/kinds.h"

#include "rollout/gate.h"
#include "rollout/rollout.h"
#include "run/kind.h"

const RunKind CLI_KINDS[PLAN_KINDS] = {
    [PLAN_PLAN] = {.kind = PLAN_PLAN},
    [PLAN_PHASE] = {.kind = PLAN_PHASE},
    [PLAN_STEP] = {.kind = PLAN_STEP, .forward = run_kind_step_forward, .back = run_kind_step_back},
    [PLAN_MIGRATIONS] = {.kind = PLAN_MIGRATIONS},
    [PLAN_TASK] = {.kind = PLAN_TASK,
                   .forward = run_kind_task_forward,
                   .back = run_kind_task_back,
                   .holds_itself = true},
    [PLAN_BACKFILL] = {.kind = PLAN_BACKFILL,
                       .forward = run_kind_backfill_forward,
                       .back = run_kind_backfill_back},
    [PLAN_IMPORT] = {.kind = PLAN_IMPORT,
                     .forward = run_kind_backfill_forward,
                     .back = run_kind_backfill_back},
    [PLAN_CHECK] = {.kind = PLAN_CHECK, .forward = run_kind_check_forward},
    [PLAN_VERIFY] = {.kind = PLAN_VERIFY, .forward = run_kind_check_forward},
    [PLAN_BACKUP] = {.kind = PLAN_BACKUP, .forward = run_kind_backup_forward},
    [PLAN_GATE] = {.kind = PLAN_GATE, .forward = rollout_gate_forward, .holds_itself = true},
    [PLAN_ROLLOUT] = {.kind = PLAN_ROLLOUT,
                      .forward = rollout_forward,
                      .back = rollout_back,
                      .owns_children = true,
                      .holds_itself = true},
    [PLAN_STAGE] = {.kind = PLAN_STAGE},
    [PLAN_MANUAL] = {.kind = PLAN_MANUAL, .forward = run_kind_manual_forward},
    [PLAN_CHECKLIST] = {.kind = PLAN_CHECKLIST, .forward = run_kind_manual_forward},
    [PLAN_EXEC] = {.kind = PLAN_EXEC,
                   .forward = run_kind_exec_forward,
                   .back = run_kind_outside_back,
                   .holds_itself = true},
    [PLAN_HTTP] = {.kind = PLAN_HTTP,
                   .forward = run_kind_http_forward,
                   .back = run_kind_outside_back,
                   .holds_itself = true},
    [PLAN_NOTIFY] = {.kind = PLAN_NOTIFY, .forward = run_kind_notify_forward},
    [PLAN_SOAK] = {.kind = PLAN_SOAK, .forward = run_kind_soak_forward},
};
