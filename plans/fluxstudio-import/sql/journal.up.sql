-- What was written into the files after they were frozen: of each record its last state.
DO $$
DECLARE
    tab text;
    key_columns text;
    same_key text;
    others text;
    tables CONSTANT text[] := ARRAY[
        'users', 'organizations', 'organization_members', 'teams', 'team_members', 'projects', 'conversations',
        'conversation_participants', 'messages', 'message_reactions', 'notifications', 'project_members',
        'project_milestones', 'files', 'file_permissions', 'invoices', 'time_entries', 'service_packages',
        'client_requests', 'portfolios', 'portfolio_items'];
BEGIN
    CREATE TEMPORARY TABLE last_state ON COMMIT DROP AS
        SELECT DISTINCT ON (j.collection, j.key) j.collection, j.key, j.row
        FROM public.store_journal AS j ORDER BY j.collection, j.key, j.seq DESC;
    FOREACH tab IN ARRAY tables LOOP
        SELECT string_agg(format('%I', a.attname), ', ') FILTER (WHERE a.attnum = ANY (i.indkey)),
               string_agg(format('%1$I = excluded.%1$I', a.attname), ', ')
          INTO key_columns, others
          FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE i.indrelid = ('public.' || tab)::regclass AND i.indisprimary;
        EXECUTE format('INSERT INTO public.%1$I SELECT r.* FROM last_state AS l, jsonb_populate_record(NULL::public.%1$I, l.row) AS r
                        WHERE l.collection = %1$L AND l.row IS NOT NULL ON CONFLICT (%2$s) DO UPDATE SET %3$s', tab, key_columns, others);
    END LOOP;
    FOR i IN REVERSE array_upper(tables, 1) .. 1 LOOP
        SELECT string_agg(format('t.%1$I = k.%1$I', a.attname), ' AND ') INTO same_key
          FROM pg_index AS x JOIN pg_attribute AS a ON a.attrelid = x.indrelid AND a.attnum = ANY (x.indkey)
         WHERE x.indrelid = ('public.' || tables[i])::regclass AND x.indisprimary;
        EXECUTE format('DELETE FROM public.%1$I AS t USING last_state AS l, jsonb_populate_record(NULL::public.%1$I, l.key) AS k
                        WHERE l.collection = %1$L AND l.row IS NULL AND %2$s', tables[i], same_key);
    END LOOP;
END $$;
