/* docs/sql.md, written from the table of statements. */
#ifndef HEADGATE_SQL_DOCS_H
#define HEADGATE_SQL_DOCS_H

#include "base/text.h"

/// Appends the page; a test compares it with the committed one.
void sql_docs(Text *text);

#endif
