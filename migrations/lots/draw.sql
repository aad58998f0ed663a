-- domain/lots.py once more: the draw is what the seed and the salt make of the trips that departed in the month.
-- What a setting was before an instant.
CREATE FUNCTION setting_before(of_bureau text, setting text, fallback int, until timestamptz) RETURNS int
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT (s.new_value ->> 'value')::int FROM setting_change s WHERE s.bureau_id = of_bureau
        AND s.name = setting AND s.recorded_at < until ORDER BY s.recorded_at DESC, s.change_id DESC LIMIT 1), fallback);
END $$;

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
    -- How many was settled when the month was over: who sees the draw near lowers the share for the next one only.
    IF (NEW.percent, NEW.least) IS DISTINCT FROM (setting_before(NEW.bureau_id, 'lots_percent', 10, ends),
            setting_before(NEW.bureau_id, 'lots_least', 3, ends)) THEN
        RAISE EXCEPTION 'zhuanche:lots-not-settled the share of lots is that of the month' USING ERRCODE = 'ZC001';
    END IF;
    IF NOT holds_role(NEW.bureau_id, NEW.actor_id, 'auditor') THEN
        RAISE EXCEPTION 'zhuanche:not-the-auditor lots are drawn by an auditor' USING ERRCODE = 'ZC001';
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
    IF NOT holds_role(NEW.bureau_id, NEW.actor_id, 'auditor') THEN
        RAISE EXCEPTION 'zhuanche:not-the-auditor consumers are called back by an auditor' USING ERRCODE = 'ZC001';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM lot_draw d WHERE d.bureau_id = NEW.bureau_id AND d.month = NEW.month
                   AND NEW.use_id = ANY (d.drawn))
        OR NOT EXISTS (SELECT 1 FROM trip_job t WHERE t.bureau_id = NEW.bureau_id AND t.use_id = NEW.use_id
                       AND t.complaint_id = NEW.complaint_id) THEN
        RAISE EXCEPTION 'zhuanche:not-drawn the trip was not drawn, or did not carry the complaint'
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
