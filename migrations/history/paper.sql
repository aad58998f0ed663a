-- From a vehicle's first reading on its books hold: no row of paper may stand beside them (domain/history/trips.py).
CREATE FUNCTION paper_is_before_the_books() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('reading ' || NEW.bureau_id || NEW.vehicle_id, 0));
    IF coalesce(NEW.ended_at, NEW.started_at) > (
            SELECT min(r.read_at) FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id) THEN
        RAISE EXCEPTION 'zhuanche:after-handover % is later than the first reading', coalesce(NEW.ended_at, NEW.started_at)
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
