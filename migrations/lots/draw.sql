-- domain/lots.py once more: the draw is what the seed and the salt make of the trips that departed in the month.
CREATE FUNCTION lot_draw_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    bureau_zone text;
    begins timestamptz;
    ends timestamptz;
    key bytea;
    count_of_trips int;
    expected uuid[];
BEGIN
    SELECT b.zone INTO bureau_zone FROM bureau b WHERE b.bureau_id = NEW.bureau_id;
    begins := NEW.month::timestamp AT TIME ZONE bureau_zone;
    ends := (NEW.month + interval '1 month') AT TIME ZONE bureau_zone;
    IF NEW.recorded_at < ends THEN
        RAISE EXCEPTION 'zhuanche:draw-too-early lots are drawn after the month' USING ERRCODE = 'ZC001';
    END IF;
    IF NOT (NEW.percent BETWEEN 5 AND 50 AND NEW.least BETWEEN 1 AND 20) THEN
        RAISE EXCEPTION 'zhuanche:setting-out-of-bounds the share of lots' USING ERRCODE = 'ZC001';
    END IF;
    SELECT m.seed INTO key FROM month_seed m WHERE m.bureau_id = NEW.bureau_id AND m.month = NEW.month;
    SELECT count(*) INTO count_of_trips FROM vehicle_use u WHERE u.bureau_id = NEW.bureau_id AND u.kind = 'trip'
        AND u.actual_from >= begins AND u.actual_from < ends;
    SELECT coalesce(array_agg(lot.use_id ORDER BY lot.place), '{}') INTO expected FROM (
        SELECT u.use_id, row_number() OVER (ORDER BY sha256(
                convert_to('lot', 'UTF8') || key || convert_to(NEW.salt, 'UTF8') || uuid_send(u.use_id))) AS place
        FROM vehicle_use u WHERE u.bureau_id = NEW.bureau_id AND u.kind = 'trip'
            AND u.actual_from >= begins AND u.actual_from < ends) lot
        WHERE lot.place <= greatest(NEW.least, ceil(count_of_trips * NEW.percent / 100.0));
    IF NEW.population <> count_of_trips OR NEW.drawn <> expected THEN
        RAISE EXCEPTION 'zhuanche:lots-not-drawn these are not the lots of the seed' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION call_back_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM lot_draw d WHERE d.bureau_id = NEW.bureau_id AND d.month = NEW.month
                   AND NEW.use_id = ANY (d.drawn))
        OR NOT EXISTS (SELECT 1 FROM trip_job t WHERE t.bureau_id = NEW.bureau_id AND t.use_id = NEW.use_id
                       AND t.complaint_id = NEW.complaint_id) THEN
        RAISE EXCEPTION 'zhuanche:not-drawn the trip was not drawn, or did not carry the complaint'
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
