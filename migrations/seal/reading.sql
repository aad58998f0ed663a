-- A reading that begins or ends a use is of a use of its own vehicle, at the very instant the use began or ended, and the
-- only one: whose metres they are is told by such readings (domain/books/readings.py), and by no other.
CREATE FUNCTION reading_of_use_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u record;
    begins boolean := NEW.occasion = 'departure';
    ends boolean := NEW.occasion IN ('return', 'breakdown');
BEGIN
    IF NEW.use_id IS NULL AND NOT (begins OR ends) THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('reading ' || NEW.bureau_id || NEW.vehicle_id, 0));
    SELECT vehicle_id, actual_from, actual_until INTO u FROM vehicle_use
        WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id;
    IF (u.vehicle_id = NEW.vehicle_id
        AND (NOT begins OR u.actual_from = NEW.read_at)
        AND (NOT ends OR u.actual_until = NEW.read_at)
        AND NOT EXISTS (SELECT 1 FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id
            AND r.read_at = NEW.read_at AND r.use_id = NEW.use_id AND r.reading_id <> NEW.reading_id
            AND (begins AND r.occasion = 'departure' OR ends AND r.occasion IN ('return', 'breakdown')))) IS NOT TRUE THEN
        RAISE EXCEPTION 'zhuanche:reading-of-another-use a use has one reading as it begins and one as it ends, of its vehicle'
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
