-- A month of positions is retired when its time is over, and nothing before its statement exists (domain/retention.py).
-- Fixes are stored by the month in UTC; its last instant is in the last month of the books that must be sealed.
CREATE FUNCTION retired_month_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_bureau text := NEW.bureau_id;
    of_month date := NEW.month;
    ends_at timestamptz := ((NEW.month + interval '1 month')::timestamp) AT TIME ZONE 'UTC';
    at timestamptz := NEW.recorded_at;
    of_zone text;
    last_month date;
    of_vehicle uuid;
    kept int := bureau_setting(NEW.bureau_id, 'keep_positions_months', 36);
BEGIN
    IF at AT TIME ZONE 'UTC' < (ends_at AT TIME ZONE 'UTC') + make_interval(months => kept) THEN
        RAISE EXCEPTION 'zhuanche:month-kept positions of % are kept for % months', of_month, kept USING ERRCODE = 'ZC001';
    END IF;
    SELECT zone INTO of_zone FROM bureau WHERE bureau_id = of_bureau;
    last_month := date_trunc('month', (ends_at - interval '1 microsecond') AT TIME ZONE of_zone)::date;
    FOR of_vehicle IN SELECT DISTINCT vehicle_id FROM reading WHERE bureau_id = of_bureau AND read_at < ends_at LOOP
        IF NOT EXISTS (SELECT 1 FROM month_seal
                WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle AND month = last_month) THEN
            RAISE EXCEPTION 'zhuanche:month-kept % has no sealed statement of %', of_vehicle, last_month
                USING ERRCODE = 'ZC001';
        END IF;
    END LOOP;
    IF EXISTS (SELECT 1 FROM vehicle_use WHERE bureau_id = of_bureau AND actual_from < ends_at AND actual_until IS NULL)
    THEN
        RAISE EXCEPTION 'zhuanche:month-kept a vehicle is out since then' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- As in promises/partitions.sql; beyond that, who serves makes months anew only about the one that runs: what was retired
-- stays away, and what arrives late of it is kept aside.
CREATE OR REPLACE FUNCTION make_position_partition(month date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    name text := to_char(first_day, '"position_y"YYYY"m"MM');
BEGIN
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    IF first_day < date '2020-01-01' OR first_day > (now() + interval '13 months')::date
        OR 'zhuanche_service' IN (session_user::text, current_setting('role'))
            AND first_day < (date_trunc('month', now()) - interval '12 months')::date THEN
        RAISE EXCEPTION 'zhuanche:partition-out-of-range % is not a month positions are kept for', first_day
            USING ERRCODE = 'ZC001';
    END IF;
    EXECUTE format('CREATE TABLE public.%I PARTITION OF public.position FOR VALUES FROM (%L) TO (%L)',
        name, first_day::timestamp AT TIME ZONE 'UTC', (first_day + interval '1 month') AT TIME ZONE 'UTC');
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY one_bureau ON public.%I USING (bureau_id = current_setting(''zhuanche.bureau_id'', true))'
        ' WITH CHECK (bureau_id = current_setting(''zhuanche.bureau_id'', true))', name);
    EXECUTE format('CREATE POLICY backup ON public.%I FOR SELECT TO zhuanche_backup USING (true)', name);
    EXECUTE format('GRANT SELECT ON public.%I TO zhuanche_backup', name);
    EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON public.%I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', name);
    RETURN name;
END $$;
