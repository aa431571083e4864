-- Keys of about {{percent}} % of the table's pages, in order.
SELECT {{columns}} FROM {{table}} AS {{alias}} TABLESAMPLE SYSTEM ({{percent}}) ORDER BY {{columns}} LIMIT 10000
