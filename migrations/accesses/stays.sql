-- Who opened what is never changed, and goes after half a year at the earliest, whatever clock the service has.
CREATE FUNCTION access_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' OR OLD.recorded_at > now() - interval '183 days' THEN
        RAISE EXCEPTION 'zhuanche:append-only who opened what is kept for half a year at least' USING ERRCODE = 'ZC006';
    END IF;
    RETURN OLD;
END $$;
