-- What an outside auditor's mandate over a bureau lets be recorded.

-- The rule of domain/people.py, `mandate_holds`: a look is recorded, and so taken, only under a mandate that holds.
CREATE FUNCTION mandate_access_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM audit_mandate m WHERE m.bureau_id = NEW.bureau_id AND m.mandate_id = NEW.mandate_id
            AND m.ends IS NULL AND m.valid_from <= NEW.recorded_at AND NEW.recorded_at < m.valid_until
            AND NOT EXISTS (SELECT 1 FROM audit_mandate e WHERE e.bureau_id = NEW.bureau_id
                AND e.ends = NEW.mandate_id)) THEN
        RAISE EXCEPTION 'zhuanche:no-mandate no mandate that holds lets anybody look' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- What ends a mandate ends one that was given in this bureau, and says nothing else of it than was said then.
CREATE FUNCTION mandate_end_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ends IS NOT NULL AND NOT EXISTS (SELECT 1 FROM audit_mandate m
            WHERE m.bureau_id = NEW.bureau_id AND m.mandate_id = NEW.ends AND m.ends IS NULL
            AND (m.home_bureau_id, m.home_person_id, m.auditor_name, m.document_no, m.valid_from, m.valid_until)
                = (NEW.home_bureau_id, NEW.home_person_id, NEW.auditor_name, NEW.document_no, NEW.valid_from,
                   NEW.valid_until)) THEN
        RAISE EXCEPTION 'zhuanche:no-mandate there is no such mandate to end' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
