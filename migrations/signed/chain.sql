-- domain/signing once more: what a row says of an act is what was signed, and a chain has one act after another.

-- A key is made known on the phone of its person, in service; it ends the chain of the key that was the device's before.
CREATE FUNCTION device_key_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ended bigint;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM device d WHERE d.bureau_id = NEW.bureau_id AND d.device_id = NEW.device_id
                   AND d.person_id = NEW.person_id AND d.revoked_at IS NULL) THEN
        RAISE EXCEPTION 'zhuanche:not-your-device a key is of the person whose phone made it' USING ERRCODE = 'ZC001';
    END IF;
    IF (SELECT count(*) FROM device_key k WHERE k.bureau_id = NEW.bureau_id AND k.device_id = NEW.device_id
        AND NOT EXISTS (SELECT 1 FROM device_key n WHERE n.bureau_id = NEW.bureau_id AND n.replaces = k.key_id)) <> 1
        OR NEW.replaces IS NOT NULL AND NOT EXISTS (SELECT 1 FROM device_key k WHERE k.bureau_id = NEW.bureau_id
            AND k.key_id = NEW.replaces AND k.device_id = NEW.device_id) THEN
        RAISE EXCEPTION 'zhuanche:one-key a device has one key at a time' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.replaces IS NOT NULL THEN
        SELECT greatest(
            (SELECT max(a.seq) FROM signed_act a JOIN signed_act_outcome o
             ON o.bureau_id = a.bureau_id AND o.digest = a.digest
             WHERE a.bureau_id = NEW.bureau_id AND o.bureau_id = NEW.bureau_id AND a.key_id = NEW.replaces),
            (SELECT max(s.through) FROM chain_sign_off s
             WHERE s.bureau_id = NEW.bureau_id AND s.key_id = NEW.replaces), 0) INTO ended;
        IF NEW.ended_seq <> ended THEN
            RAISE EXCEPTION 'zhuanche:one-key the chain before ended elsewhere' USING ERRCODE = 'ZC001';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- Whether a number of a chain is done with: nothing before the first, an act that was judged, a gap that was signed off.
CREATE FUNCTION chain_done(of_bureau text, of_key uuid, number bigint) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN number = 0
        OR EXISTS (SELECT 1 FROM signed_act a JOIN signed_act_outcome o
                   ON o.bureau_id = a.bureau_id AND o.digest = a.digest
                   WHERE a.bureau_id = of_bureau AND o.bureau_id = of_bureau AND a.key_id = of_key
                   AND a.standing = 'chain' AND a.seq = number)
        OR EXISTS (SELECT 1 FROM chain_sign_off s WHERE s.bureau_id = of_bureau AND s.key_id = of_key
                   AND number BETWEEN s.first_seq AND s.through);
END $$;

CREATE FUNCTION signed_act_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    part text := translate(split_part(NEW.jws, '.', 2), '-_', '+/');
    said json;
    k record;
BEGIN
    said := convert_from(decode(part || repeat('=', (4 - length(part) % 4) % 4), 'base64'), 'UTF8')::json;
    IF (said ->> 'bureau', (said ->> 'key')::uuid, (said ->> 'seq')::bigint, said ->> 'prev', (said ->> 'id')::uuid,
        said ->> 'act', (said ->> 'trip')::uuid)
        IS DISTINCT FROM
        (NEW.bureau_id, NEW.key_id, NEW.seq, NEW.previous, NEW.act_id, NEW.act, NEW.trip_id) THEN
        RAISE EXCEPTION 'zhuanche:not-signed-so the row says another thing than what was signed' USING ERRCODE = 'ZC001';
    END IF;
    SELECT d.person_id, d.revoked_at, EXISTS (SELECT 1 FROM device_key n WHERE n.bureau_id = NEW.bureau_id
            AND n.replaces = NEW.key_id) AS replaced INTO k
        FROM device_key y JOIN device d ON d.bureau_id = y.bureau_id AND d.device_id = y.device_id
        WHERE y.bureau_id = NEW.bureau_id AND d.bureau_id = NEW.bureau_id AND y.key_id = NEW.key_id;
    IF k.person_id IS DISTINCT FROM NEW.actor_id THEN
        RAISE EXCEPTION 'zhuanche:not-your-key what a key signed is sent by its person' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.standing = 'chain' AND (k.revoked_at IS NOT NULL OR k.replaced
        OR EXISTS (SELECT 1 FROM signed_act a WHERE a.bureau_id = NEW.bureau_id AND a.key_id = NEW.key_id
                   AND a.standing = 'chain' AND (a.seq = NEW.seq - 1 AND a.digest <> NEW.previous
                                                 OR a.seq = NEW.seq + 1 AND a.previous <> NEW.digest))) THEN
        RAISE EXCEPTION 'zhuanche:chain-broken this act does not stand in the chain' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION signed_act_outcome_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    a record;
BEGIN
    SELECT s.key_id, s.seq, s.standing INTO a FROM signed_act s
        WHERE s.bureau_id = NEW.bureau_id AND s.digest = NEW.digest;
    IF a.standing IS DISTINCT FROM 'chain' OR NOT chain_done(NEW.bureau_id, a.key_id, a.seq - 1) THEN
        RAISE EXCEPTION 'zhuanche:out-of-turn an act is judged in its turn' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION chain_sign_off_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT (holds_role(NEW.bureau_id, NEW.actor_id, 'custodian') OR holds_role(NEW.bureau_id, NEW.actor_id, 'desk_chief'))
    THEN
        RAISE EXCEPTION 'zhuanche:not-the-custodian who signs a gap off answers for it' USING ERRCODE = 'ZC001';
    END IF;
    IF NOT chain_done(NEW.bureau_id, NEW.key_id, NEW.first_seq - 1)
        OR EXISTS (SELECT 1 FROM signed_act a WHERE a.bureau_id = NEW.bureau_id AND a.key_id = NEW.key_id
                   AND a.standing = 'chain' AND a.seq BETWEEN NEW.first_seq AND NEW.through)
        OR NOT EXISTS (SELECT 1 FROM signed_act a WHERE a.bureau_id = NEW.bureau_id AND a.key_id = NEW.key_id
                       AND a.standing = 'chain' AND a.seq = NEW.through + 1) THEN
        RAISE EXCEPTION 'zhuanche:no-such-gap nothing is missing there' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
