CREATE FUNCTION items_label() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.label := coalesce(NEW.label, NEW.kind || ':' || NEW.name);
    RETURN NEW;
END $$;
CREATE TRIGGER items_label BEFORE INSERT ON items FOR EACH ROW EXECUTE FUNCTION items_label();
