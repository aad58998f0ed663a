-- A reading fits between all earlier and all later ones of its odometer that no correction replaced, each taken with
-- its resolution (domain/books/readings.py). Of two of one instant the one recorded first is the earlier.
CREATE FUNCTION reading_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
    earlier_m bigint;
    later_m bigint;
BEGIN
    -- Readings of a vehicle are judged one transaction at a time, each query on what was committed before.
    PERFORM pg_advisory_xact_lock(hashtextextended('reading ' || NEW.bureau_id || NEW.vehicle_id, 0));
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'zhuanche:bad-reading readings are judged on what is committed' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.corrects IS NOT NULL THEN
        SELECT * INTO wrong FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.reading_id = NEW.corrects;
        IF (wrong.vehicle_id, wrong.segment, wrong.read_at, wrong.use_id)
            IS DISTINCT FROM (NEW.vehicle_id, NEW.segment, NEW.read_at, NEW.use_id)
            OR (wrong.recorded_at, wrong.reading_id) >= (NEW.recorded_at, NEW.reading_id) THEN
            RAISE EXCEPTION 'zhuanche:correction-unfounded a correction stands where the wrong reading stood'
                USING ERRCODE = 'ZC001';
        END IF;
    END IF;
    IF NEW.segment > 0 AND NOT EXISTS (SELECT 1 FROM reading b WHERE b.bureau_id = NEW.bureau_id
            AND b.vehicle_id = NEW.vehicle_id AND b.occasion = 'new-odometer' AND b.segment = NEW.segment
            AND b.read_at <= NEW.read_at)
        OR EXISTS (SELECT 1 FROM reading b WHERE b.bureau_id = NEW.bureau_id AND b.vehicle_id = NEW.vehicle_id
            AND b.occasion = 'new-odometer' AND b.segment = NEW.segment + 1 AND b.read_at < NEW.read_at) THEN
        RAISE EXCEPTION 'zhuanche:segment-not-begun that odometer was not in the vehicle then' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.occasion = 'new-odometer' AND (
        EXISTS (SELECT 1 FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id
            AND r.segment < NEW.segment AND r.read_at > NEW.read_at)
        OR NEW.segment > 1 AND NOT EXISTS (SELECT 1 FROM reading b WHERE b.bureau_id = NEW.bureau_id
            AND b.vehicle_id = NEW.vehicle_id AND b.occasion = 'new-odometer' AND b.segment = NEW.segment - 1)) THEN
        RAISE EXCEPTION 'zhuanche:bad-odometer-replacement an odometer is replaced after its last reading'
            USING ERRCODE = 'ZC001';
    END IF;
    -- What was corrected within this transaction no longer counts.
    IF EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = NEW.bureau_id AND k.corrects = NEW.reading_id) THEN
        RETURN NULL;
    END IF;
    SELECT r.odometer_m INTO earlier_m FROM reading r
        WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id AND r.segment = NEW.segment
          AND (r.read_at, r.recorded_at, r.reading_id) < (NEW.read_at, NEW.recorded_at, NEW.reading_id)
          AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = r.bureau_id AND k.corrects = r.reading_id)
        ORDER BY r.odometer_m DESC LIMIT 1;
    IF NEW.odometer_m + NEW.resolution_m <= earlier_m THEN
        RAISE EXCEPTION 'zhuanche:reading-below-predecessor readings never go back' USING ERRCODE = 'ZC001';
    END IF;
    SELECT r.odometer_m + r.resolution_m INTO later_m FROM reading r
        WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id AND r.segment = NEW.segment
          AND (r.read_at, r.recorded_at, r.reading_id) > (NEW.read_at, NEW.recorded_at, NEW.reading_id)
          AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = r.bureau_id AND k.corrects = r.reading_id)
        ORDER BY r.odometer_m + r.resolution_m LIMIT 1;
    IF NEW.odometer_m >= later_m THEN
        RAISE EXCEPTION 'zhuanche:reading-above-successor readings never go back' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
