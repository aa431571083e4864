DROP INDEX items_kind;
DROP TABLE kinds;
