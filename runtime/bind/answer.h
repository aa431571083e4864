/* answer("gate", "field"): what a script sees of the answers to a gate. */
#ifndef HEADGATE_BIND_ANSWER_H
#define HEADGATE_BIND_ANSWER_H

#include "bind/plan.h"

#include <lua.h>

/// The function `answer`. May raise.
int bind_answer(lua_State *L);

/// While the graph is built: adds what a function (lines first to last of file) reads of gates to
/// "answers" of the graph of its node, as plan/plan.h has it. Never raises.
void bind_answer_find(BindPlan *plan, const char *file, int first, int last, json_t *graph);
/// Adds what other functions of the plan's files read, those of its modules, to that of the root.
/// Never raises.
void bind_answer_find_rest(BindPlan *plan, json_t *root);

#endif
