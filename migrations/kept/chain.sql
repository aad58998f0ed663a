-- domain/signing once more, where the chain of a replaced key ends: with the last act that has arrived. What of it waits for
-- others is judged in its turn all the same, and what arrives later is kept beside the chain.
CREATE OR REPLACE FUNCTION device_key_holds() RETURNS trigger LANGUAGE plpgsql AS $$
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
        SELECT coalesce(max(a.seq), 0) INTO ended FROM signed_act a
            WHERE a.bureau_id = NEW.bureau_id AND a.key_id = NEW.replaces AND a.standing = 'chain';
        IF NEW.ended_seq <> ended THEN
            RAISE EXCEPTION 'zhuanche:one-key the chain before ended elsewhere' USING ERRCODE = 'ZC001';
        END IF;
    END IF;
    RETURN NULL;
END $$;

-- The claimed time and the proved one are what was signed, too. And an act whose text holds what cannot be kept (U+0000, half
-- a character) has its place in the chain: the members that are compared here hold none, and `->>` would read the whole text.
CREATE OR REPLACE FUNCTION signed_act_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    part text := translate(split_part(NEW.jws, '.', 2), '-_', '+/');
    plain text;
    said json;
    proved timestamptz;
    k record;
BEGIN
    plain := convert_from(decode(part || repeat('=', (4 - length(part) % 4) % 4), 'base64'), 'UTF8');
    -- Pairs of backslashes first, so that what is left of them begins an escape.
    said := regexp_replace(replace(plain, '\\', '__'), '\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})', '_', 'g')::json;
    SELECT o.recorded_at INTO proved FROM ledger_outbox o WHERE o.bureau_id = NEW.bureau_id
        AND o.entry_id = (said #>> '{srv,entry}')::uuid
        AND rtrim(translate(encode(sha256(o.leaf), 'base64'), '+/', '-_'), '=') = said #>> '{srv,leaf}';
    IF (said ->> 'bureau', (said ->> 'key')::uuid, (said ->> 'seq')::bigint, said ->> 'prev', (said ->> 'id')::uuid,
        said ->> 'act', (said ->> 'trip')::uuid, (said ->> 'iat')::bigint, (said ->> 'mono')::bigint,
        (said ->> 'boot')::uuid, proved)
        IS DISTINCT FROM
        (NEW.bureau_id, NEW.key_id, NEW.seq, NEW.previous, NEW.act_id, NEW.act, NEW.trip_id,
         round(extract(epoch FROM NEW.device_at) * 1000)::bigint, NEW.mono_ms, NEW.boot, NEW.not_before) THEN
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
