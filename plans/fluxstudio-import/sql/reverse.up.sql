-- The way back to files: which records were written since the cut-over. One row for each, however often it was written;
-- what it holds is read from its table when it is needed.
CREATE TABLE written_since (
    collection text NOT NULL,
    key jsonb NOT NULL,
    PRIMARY KEY (collection, key)
);

-- The arguments are the columns of the table's key.
CREATE FUNCTION remember_written() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    written jsonb;
BEGIN
    FOREACH written IN ARRAY CASE TG_OP WHEN 'INSERT' THEN ARRAY[to_jsonb(NEW)] WHEN 'DELETE' THEN ARRAY[to_jsonb(OLD)]
                             ELSE ARRAY[to_jsonb(OLD), to_jsonb(NEW)] END LOOP
        INSERT INTO public.written_since (collection, key)
        SELECT TG_TABLE_NAME, jsonb_object_agg(k.name, written -> k.name) FROM unnest(TG_ARGV) AS k(name)
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON organizations
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON organization_members
    FOR EACH ROW EXECUTE FUNCTION remember_written('organization_id', 'user_id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON teams
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON team_members
    FOR EACH ROW EXECUTE FUNCTION remember_written('team_id', 'user_id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON projects
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON conversations
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON conversation_participants
    FOR EACH ROW EXECUTE FUNCTION remember_written('conversation_id', 'user_id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON messages
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON message_reactions
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON notifications
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON project_members
    FOR EACH ROW EXECUTE FUNCTION remember_written('project_id', 'user_id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON project_milestones
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON files
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON file_permissions
    FOR EACH ROW EXECUTE FUNCTION remember_written('file_id', 'user_id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON invoices
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON time_entries
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON service_packages
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON client_requests
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON portfolios
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
CREATE TRIGGER remember AFTER INSERT OR UPDATE OR DELETE ON portfolio_items
    FOR EACH ROW EXECUTE FUNCTION remember_written('id');
