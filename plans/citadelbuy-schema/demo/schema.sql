-- What is there before: an application that has been set up by Prisma and has none of its tables yet.
CREATE TABLE _prisma_migrations (
    id                  varchar(36) NOT NULL PRIMARY KEY,
    checksum            varchar(64) NOT NULL,
    finished_at         timestamptz,
    migration_name      varchar(255) NOT NULL,
    logs                text,
    rolled_back_at      timestamptz,
    started_at          timestamptz NOT NULL DEFAULT now(),
    applied_steps_count integer NOT NULL DEFAULT 0
);

INSERT INTO _prisma_migrations (id, checksum, finished_at, migration_name, started_at, applied_steps_count)
VALUES ('9f1c2f0e-6d0b-4f5e-9f5d-6a1f5f0b7c11', repeat('0', 64), '2025-11-01', '0_init', '2025-11-01', 1);
