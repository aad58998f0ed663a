CREATE FUNCTION acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.act_id = OLD.act_id THEN
        RAISE EXCEPTION 'zhuanche:no-act a row of % changes only by an act', TG_TABLE_NAME USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;

-- Which complaint a job of that kind may be visited for: the table `visits` of the regulation packs, which is the same in
-- all three (domain/complaint/data; a test compares). A kind that is no mediation is refused for that alone.
CREATE FUNCTION visit_allowed(state text, suspension text, kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN state IN ('accepted', 'mediating') THEN true
        WHEN state = 'suspended' THEN suspension IS NOT DISTINCT FROM 'testing'
            AND kind IN ('look-at-goods', 'fetch-sample', 'serve-papers')
        WHEN state IN ('mediated', 'terminated') THEN kind = 'serve-papers'
        ELSE false END
$$;

CREATE FUNCTION complaint_acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c record;
    a record;
BEGIN
    SELECT act_id, state INTO c FROM complaint WHERE bureau_id = NEW.bureau_id AND complaint_id = NEW.complaint_id;
    SELECT complaint_id, to_state INTO a FROM complaint_act WHERE bureau_id = NEW.bureau_id AND act_id = c.act_id;
    IF NOT FOUND OR a.complaint_id <> NEW.complaint_id OR a.to_state <> c.state THEN
        RAISE EXCEPTION 'zhuanche:no-act a complaint changes only by an act' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- A job is open, then done or cancelled; state and window move only by something that says who and why.
CREATE FUNCTION job_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision_id IS NOT DISTINCT FROM OLD.decision_id THEN
        RAISE EXCEPTION 'zhuanche:no-act a job changes only by an act' USING ERRCODE = 'ZC001';
    END IF;
    IF OLD.state <> 'open' THEN
        RAISE EXCEPTION 'zhuanche:state-conflict a job that is % stays so', OLD.state USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
