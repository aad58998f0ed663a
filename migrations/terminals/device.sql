-- What changed of a device was done by an act on it, newer than the one before, that says so. A code is given to one that
-- has none it ever used; another token takes the code away.
CREATE OR REPLACE FUNCTION device_acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    a record;
    o record;
BEGIN
    SELECT verb, recorded_at, act_id INTO a FROM device_act
        WHERE bureau_id = NEW.bureau_id AND act_id = NEW.act_id AND device_id = NEW.device_id;
    IF NOT FOUND OR TG_OP = 'INSERT' AND a.verb <> 'enrol' THEN
        RAISE EXCEPTION 'zhuanche:no-act a device changes only by an act on it' USING ERRCODE = 'ZC001';
    END IF;
    IF TG_OP = 'INSERT' THEN RETURN NULL; END IF;
    SELECT recorded_at INTO o FROM device_act WHERE bureau_id = OLD.bureau_id AND act_id = OLD.act_id;
    IF ((a.recorded_at, a.act_id) > (o.recorded_at, OLD.act_id)) IS NOT TRUE
        OR (NEW.token_sha256, NEW.ha1) IS DISTINCT FROM (OLD.token_sha256, OLD.ha1) AND a.verb <> 'rotate'
        OR NEW.revoked_at IS DISTINCT FROM OLD.revoked_at AND (a.verb <> 'revoke' OR OLD.revoked_at IS NOT NULL)
        OR (NEW.name, NEW.zone, NEW.strictness, NEW.terminal_phone, NEW.terminal_id)
            IS DISTINCT FROM (OLD.name, OLD.zone, OLD.strictness, OLD.terminal_phone, OLD.terminal_id)
            AND a.verb <> 'configure'
        OR NEW.code_sha256 IS DISTINCT FROM OLD.code_sha256 AND NOT (
            a.verb = 'register' AND NEW.code_sha256 IS NOT NULL AND OLD.code_used_at IS NULL
            OR a.verb = 'rotate' AND NEW.code_sha256 IS NULL) THEN
        RAISE EXCEPTION 'zhuanche:no-act a device changes only by an act on it' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- A code is used for the first time once; only where the code itself goes does that go with it.
CREATE FUNCTION code_used_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.code_used_at IS DISTINCT FROM OLD.code_used_at AND NOT (
        OLD.code_used_at IS NULL AND OLD.code_sha256 IS NOT NULL AND NEW.code_sha256 = OLD.code_sha256
        OR NEW.code_used_at IS NULL AND NEW.code_sha256 IS NULL) THEN
        RAISE EXCEPTION 'zhuanche:no-act a code is used for the first time once' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;

-- What was sent to a terminal was not unsent, and what is answered stays answered.
CREATE FUNCTION command_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (OLD.state = 'waiting' AND NEW.state IN ('sent', 'failed')
        OR OLD.state = 'sent' AND NEW.state IN ('sent', 'done', 'failed')) THEN
        RAISE EXCEPTION 'zhuanche:append-only a command goes from waiting to sent to its answer' USING ERRCODE = 'ZC006';
    END IF;
    RETURN NEW;
END $$;

-- A submission becomes a visit note once.
CREATE FUNCTION submission_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.note_id IS NOT NULL OR NEW.conflict THEN
        RAISE EXCEPTION 'zhuanche:append-only a submission becomes a visit note once' USING ERRCODE = 'ZC006';
    END IF;
    RETURN NEW;
END $$;

-- What was kept aside is never changed, and forgotten only after its thirty days.
CREATE FUNCTION aside_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR OLD.received_at > now() - interval '30 days' THEN
        RAISE EXCEPTION 'zhuanche:append-only what is kept aside stays as it is for thirty days' USING ERRCODE = 'ZC006';
    END IF;
    RETURN OLD;
END $$;
