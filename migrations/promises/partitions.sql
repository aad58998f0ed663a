-- Partitions are made ahead through this narrow door; the service itself may create nothing.
CREATE FUNCTION make_position_partition(month date) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = public, pg_temp AS $$
DECLARE
    first_day date := date_trunc('month', month)::date;
    name text := to_char(first_day, '"position_y"YYYY"m"MM');
BEGIN
    IF first_day < date '2020-01-01' OR first_day > (now() + interval '13 months')::date THEN
        RAISE EXCEPTION 'zhuanche:partition-out-of-range % is not a month positions are kept for', first_day
            USING ERRCODE = 'ZC001';
    END IF;
    IF to_regclass('public.' || name) IS NOT NULL THEN
        RETURN NULL;
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

CREATE FUNCTION position_partition_months() RETURNS SETOF date LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT to_date(substr(c.relname, 11), 'YYYY"m"MM') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.position'::regclass ORDER BY 1
$$;
