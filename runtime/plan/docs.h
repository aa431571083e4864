/* The pages and types that come from the tables of words and settings. */
#ifndef HEADGATE_PLAN_DOCS_H
#define HEADGATE_PLAN_DOCS_H

#include "base/text.h"

/// docs/plan-reference.md: every word of plan.lua.
void plan_docs_reference(Text *out);
/// docs/configuration.md: every setting of headgate.yaml.
void plan_docs_config(Text *out);
/// LuaCATS classes and functions of every word, for scripts/meta/ (without the "---@meta" line).
void plan_docs_types(Text *out);

#endif
