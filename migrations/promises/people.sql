CREATE FUNCTION auditor_alone_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held text[];
BEGIN
    -- Two grants to one person come one after the other, so that the second sees the first.
    PERFORM 1 FROM person WHERE bureau_id = NEW.bureau_id AND person_id = NEW.person_id FOR NO KEY UPDATE;
    SELECT array_agg(role) INTO held FROM (
        SELECT DISTINCT ON (role) role, granted FROM role_grant
        WHERE bureau_id = NEW.bureau_id AND person_id = NEW.person_id
        ORDER BY role, recorded_at DESC, grant_id DESC) newest
    WHERE granted;
    IF 'auditor' = ANY (held) AND cardinality(held) > 1 THEN
        RAISE EXCEPTION 'zhuanche:auditor-exclusive an auditor holds no other role' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- Two administrators who remove each other wait here for one another: the second is the last, and stays.
CREATE FUNCTION admin_stays_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    admins bigint;
BEGIN
    -- On a cluster the trigger fires on a shard: its number follows the table's name.
    IF TG_TABLE_NAME LIKE 'role_grant%' THEN
        IF NEW.granted OR NEW.role <> 'admin' THEN RETURN NULL; END IF;
    ELSIF NEW.active OR NOT OLD.active THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM person WHERE bureau_id = NEW.bureau_id ORDER BY person_id FOR NO KEY UPDATE;
    SELECT count(*) INTO admins FROM person p WHERE p.bureau_id = NEW.bureau_id AND p.active
        AND (SELECT g.granted FROM role_grant g WHERE g.bureau_id = p.bureau_id AND g.person_id = p.person_id
             AND g.role = 'admin' ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1);
    IF admins = 0 THEN
        RAISE EXCEPTION 'zhuanche:last-admin at least one administrator stays' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
