-- What the readings of a vehicle give for a stretch, once more where no code path goes round it: an interval counts
-- where it ends and belongs to the use under way (domain/books/readings.py, domain/books/stretch.py). Readings from the
-- last departure or return before the stretch on are enough to know what is under way as it begins.
CREATE FUNCTION month_metres(
    of_bureau text, of_vehicle uuid, from_at timestamptz, until_at timestamptz,
    OUT trips_m bigint, OUT upkeep_m bigint, OUT unaccounted_m bigint, OUT difference_m bigint
) LANGUAGE plpgsql STABLE AS $$
DECLARE
    since timestamptz;
    r record;
    before_m bigint;
    before_segment int;
    way_id uuid;
    way_kind text;
    way_at timestamptz;
    returned uuid[] := '{}';
    last_m bigint;
    first_m bigint;
BEGIN
    trips_m := 0; upkeep_m := 0; unaccounted_m := 0; difference_m := 0;
    SELECT max(read_at) INTO since FROM reading WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
        AND read_at < from_at AND occasion IN ('departure', 'return', 'breakdown');
    FOR r IN
        WITH RECURSIVE standing AS (
            SELECT bureau_id, reading_id, odometer_m, segment, read_at, use_id, occasion FROM reading
                WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle AND corrects IS NULL
                    AND read_at < until_at AND read_at >= coalesce(since, '-infinity')
            UNION ALL
            SELECT k.bureau_id, k.reading_id, k.odometer_m, s.segment, s.read_at, s.use_id, s.occasion
                FROM standing s JOIN reading k ON k.bureau_id = s.bureau_id AND k.corrects = s.reading_id
                WHERE k.bureau_id = of_bureau
        )
        SELECT s.*, u.kind FROM standing s
            LEFT JOIN vehicle_use u ON u.bureau_id = s.bureau_id AND u.use_id = s.use_id AND u.bureau_id = of_bureau
            WHERE NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = of_bureau AND k.bureau_id = s.bureau_id
                AND k.corrects = s.reading_id)
            ORDER BY s.segment, s.read_at, s.odometer_m,
                CASE WHEN s.occasion IN ('return', 'breakdown') THEN 0 WHEN s.occasion = 'departure' THEN 2 ELSE 1 END,
                s.reading_id
    LOOP
        IF before_segment = r.segment THEN
            IF r.read_at >= from_at THEN
                IF way_id IS NULL THEN unaccounted_m := unaccounted_m + r.odometer_m - before_m;
                ELSIF way_kind = 'trip' THEN trips_m := trips_m + r.odometer_m - before_m;
                ELSE upkeep_m := upkeep_m + r.odometer_m - before_m;
                END IF;
            ELSE
                first_m := r.odometer_m;
            END IF;
        ELSE
            difference_m := difference_m + coalesce(last_m - first_m, 0);
            first_m := r.odometer_m;
        END IF;
        last_m := r.odometer_m;
        IF r.use_id IS NOT NULL AND r.occasion IN ('return', 'breakdown') THEN
            returned := returned || r.use_id;
            IF way_id = r.use_id OR way_at IS DISTINCT FROM r.read_at THEN
                way_id := NULL; way_kind := NULL; way_at := NULL;
            END IF;
        ELSIF r.use_id IS NOT NULL AND r.occasion = 'departure' AND NOT r.use_id = ANY (returned) THEN
            way_id := r.use_id; way_kind := r.kind; way_at := r.read_at;
        END IF;
        before_m := r.odometer_m; before_segment := r.segment;
    END LOOP;
    difference_m := difference_m + coalesce(last_m - first_m, 0);
END $$;

-- A month is sealed when it is over, in order and without a gap from that of the first reading, by who may; what its
-- statement says of metres is what the readings say, to the metre (P5), and it names the statement before it by its digest.
CREATE FUNCTION month_seal_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_bureau text := NEW.bureau_id;
    of_vehicle uuid := NEW.vehicle_id;
    of_month date := NEW.month;
    next_month date := (NEW.month + interval '1 month')::date;
    of_zone text;
    from_at timestamptz;
    until_at timestamptz;
    before_sha256 text;
    told jsonb;
    sums jsonb;
    books record;
BEGIN
    -- Readings of a vehicle and its seals are judged one transaction at a time, on what was committed before.
    PERFORM pg_advisory_xact_lock(hashtextextended('reading ' || of_bureau || of_vehicle, 0));
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'zhuanche:seal-unfounded a month is sealed on what is committed' USING ERRCODE = 'ZC001';
    END IF;
    -- Nobody: the operator's command.
    IF NEW.sealed_by IS NOT NULL AND NOT (holds_role(of_bureau, NEW.sealed_by, 'custodian')
            OR holds_role(of_bureau, NEW.sealed_by, 'desk_chief') OR holds_role(of_bureau, NEW.sealed_by, 'auditor')) THEN
        RAISE EXCEPTION 'zhuanche:forbidden who drives or dispatches seals no month' USING ERRCODE = 'ZC001';
    END IF;
    SELECT zone INTO of_zone FROM bureau WHERE bureau_id = of_bureau;
    from_at := of_month::timestamp AT TIME ZONE of_zone;
    until_at := next_month::timestamp AT TIME ZONE of_zone;
    IF NEW.recorded_at < until_at THEN
        RAISE EXCEPTION 'zhuanche:month-not-over % is not over', of_month USING ERRCODE = 'ZC001';
    END IF;
    SELECT statement_sha256 INTO before_sha256 FROM month_seal
        WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle AND month = (of_month - interval '1 month')::date;
    IF before_sha256 IS DISTINCT FROM NEW.previous_sha256
        OR before_sha256 IS NULL AND (
            EXISTS (SELECT 1 FROM month_seal WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
                AND month < of_month)
            OR EXISTS (SELECT 1 FROM reading WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
                AND read_at < from_at)
            OR NOT EXISTS (SELECT 1 FROM reading WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
                AND read_at >= from_at AND read_at < until_at))
        OR EXISTS (SELECT 1 FROM month_seal WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
                AND month > of_month)
            AND NOT EXISTS (SELECT 1 FROM month_seal WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
                AND month = next_month AND previous_sha256 = NEW.statement_sha256) THEN
        RAISE EXCEPTION 'zhuanche:seal-out-of-order % does not follow on the statement before it', of_month
            USING ERRCODE = 'ZC001';
    END IF;
    told := convert_from(NEW.statement, 'UTF8')::jsonb;
    sums := told -> 'totals';
    SELECT * INTO books FROM month_metres(of_bureau, of_vehicle, from_at, until_at);
    IF (books.trips_m + books.upkeep_m + books.unaccounted_m = books.difference_m
        AND (sums ->> 'trips_m')::bigint = books.trips_m
        AND (sums ->> 'upkeep_m')::bigint = books.upkeep_m
        AND (sums ->> 'unaccounted_m')::bigint = books.unaccounted_m
        AND (sums ->> 'difference_m')::bigint = books.difference_m
        AND NEW.unaccounted_m = books.unaccounted_m
        AND (SELECT coalesce(sum((c ->> 'metres')::bigint), 0) FROM jsonb_array_elements(told -> 'complaints') AS c)
            = books.trips_m
        AND (sums ->> 'open_findings')::int = NEW.open_findings) IS NOT TRUE THEN
        RAISE EXCEPTION 'zhuanche:books-do-not-balance % of % is not what its readings say', of_month, of_vehicle
            USING ERRCODE = 'ZC001';
    END IF;
    IF (told ->> 'bureau_id' = of_bureau AND told ->> 'vehicle_id' = of_vehicle::text
        AND told ->> 'month' = to_char(of_month, 'YYYY-MM')
        AND told ->> 'previous_sha256' IS NOT DISTINCT FROM NEW.previous_sha256) IS NOT TRUE THEN
        RAISE EXCEPTION 'zhuanche:seal-unfounded the statement is of another month' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
