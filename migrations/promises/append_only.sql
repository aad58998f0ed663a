CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'zhuanche:append-only rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'ZC006';
END $$;

CREATE FUNCTION refuse_codes(codes text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(codes) > 0 THEN
        RAISE EXCEPTION 'zhuanche:%',
            (SELECT string_agg(DISTINCT code, ',' ORDER BY code) FROM unnest(codes) AS c (code))
            USING ERRCODE = 'ZC001';
    END IF;
END $$;
