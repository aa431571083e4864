DROP TABLE application_flags;
DROP TABLE store_journal;
DROP TABLE store_manifest;
