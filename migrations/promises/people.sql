CREATE FUNCTION holds_role(of_bureau text, who uuid, wanted text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT granted FROM role_grant WHERE bureau_id = of_bureau AND person_id = who AND role = wanted
        ORDER BY recorded_at DESC, grant_id DESC LIMIT 1), false);
END $$;

-- What changed of an account was done by an act on it, newer than the one before, that says so.
CREATE FUNCTION person_acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    a record;
    o record;
BEGIN
    SELECT verb, recorded_at, act_id INTO a FROM person_act
        WHERE bureau_id = NEW.bureau_id AND act_id = NEW.act_id AND person_id = NEW.person_id;
    IF NOT FOUND OR TG_OP = 'INSERT' AND a.verb <> 'enter' THEN
        RAISE EXCEPTION 'zhuanche:no-act an account changes only by an act on it' USING ERRCODE = 'ZC001';
    END IF;
    IF TG_OP = 'INSERT' THEN RETURN NULL; END IF;
    SELECT recorded_at INTO o FROM person_act WHERE bureau_id = OLD.bureau_id AND act_id = OLD.act_id;
    IF ((a.recorded_at, a.act_id) > (o.recorded_at, OLD.act_id)) IS NOT TRUE
        OR NEW.active AND NOT OLD.active AND a.verb <> 'reactivate'
        OR OLD.active AND NOT NEW.active AND a.verb <> 'deactivate'
        OR NEW.unit_id <> OLD.unit_id AND a.verb <> 'move-unit'
        OR NEW.password_hash <> OLD.password_hash AND a.verb NOT IN ('change-password', 'reset-password') THEN
        RAISE EXCEPTION 'zhuanche:no-act an account changes only by an act on it' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION device_acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
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
        OR NEW.token_sha256 IS DISTINCT FROM OLD.token_sha256 AND a.verb <> 'rotate'
        OR NEW.revoked_at IS DISTINCT FROM OLD.revoked_at AND (a.verb <> 'revoke' OR OLD.revoked_at IS NOT NULL) THEN
        RAISE EXCEPTION 'zhuanche:no-act a device changes only by an act on it' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- Who delegates heads the unit, and who may approve by it is at work here and no auditor (domain/people.py). An end
-- says of what.
CREATE FUNCTION delegation_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    both_here boolean;
BEGIN
    PERFORM 1 FROM person WHERE bureau_id = NEW.bureau_id AND person_id IN (NEW.from_person_id, NEW.to_person_id)
        ORDER BY person_id FOR SHARE;
    IF NEW.ends IS NOT NULL THEN
        IF NOT EXISTS (SELECT 1 FROM delegation g WHERE g.bureau_id = NEW.bureau_id AND g.delegation_id = NEW.ends
                AND g.ends IS NULL AND (g.unit_id, g.from_person_id, g.to_person_id, g.valid_from, g.valid_until)
                    = (NEW.unit_id, NEW.from_person_id, NEW.to_person_id, NEW.valid_from, NEW.valid_until)) THEN
            RAISE EXCEPTION 'zhuanche:not-found an end names the delegation it ends' USING ERRCODE = 'ZC001';
        END IF;
        RETURN NULL;
    END IF;
    SELECT bool_and(active AND (person_id = NEW.to_person_id OR unit_id = NEW.unit_id)) INTO both_here FROM person
        WHERE bureau_id = NEW.bureau_id AND person_id IN (NEW.from_person_id, NEW.to_person_id);
    IF NOT both_here OR NOT holds_role(NEW.bureau_id, NEW.from_person_id, 'custodian')
        OR holds_role(NEW.bureau_id, NEW.to_person_id, 'auditor') THEN
        RAISE EXCEPTION 'zhuanche:cannot-delegate the head of a unit delegates, to an active person who is no auditor'
            USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.valid_from < NEW.recorded_at OR NEW.valid_until - NEW.valid_from > interval '366 days' THEN
        RAISE EXCEPTION 'zhuanche:bad-validity nothing is delegated for a time that is over, or for ever'
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- A place is decided on by a custodian, for a day that has come.
CREATE FUNCTION site_decision_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_zone text;
BEGIN
    PERFORM 1 FROM person WHERE bureau_id = NEW.bureau_id AND person_id = NEW.actor_id AND active FOR SHARE;
    IF NOT FOUND OR NOT holds_role(NEW.bureau_id, NEW.actor_id, 'custodian') THEN
        RAISE EXCEPTION 'zhuanche:forbidden a custodian decides about places' USING ERRCODE = 'ZC001';
    END IF;
    SELECT zone INTO the_zone FROM bureau WHERE bureau_id = NEW.bureau_id;
    IF NEW.decided_on > (NEW.recorded_at AT TIME ZONE the_zone)::date THEN
        RAISE EXCEPTION 'zhuanche:act-in-future a decision is not dated ahead' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

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
        AND (SELECT g.granted FROM role_grant g WHERE g.bureau_id = NEW.bureau_id AND g.person_id = p.person_id
             AND g.role = 'admin' ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1);
    IF admins = 0 THEN
        RAISE EXCEPTION 'zhuanche:last-admin at least one administrator stays' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
