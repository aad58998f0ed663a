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

-- What an act makes of a complaint's state (domain/complaint/acts.py; a test compares). No ended complaint opens again:
-- one returned to the intake unit was decided by nobody yet and is distributed anew.
CREATE FUNCTION act_moves(verb text, before text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT before = after AND verb IN ('record-consent', 'announce', 'tell-termination', 'find-clue', 'extend-clue-check',
            'pass-clue', 'distribute', 'dispute-power', 'settle-power', 'correct', 'recompute-term')
        OR (verb, before, after) IN (
            ('accept', 'received', 'accepted'), ('accept', 'received', 'mediating'),
            ('refuse', 'received', 'refused'),
            ('record-consent', 'accepted', 'mediating'),
            ('suspend', 'accepted', 'suspended'), ('suspend', 'mediating', 'suspended'),
            ('resume', 'suspended', 'accepted'), ('resume', 'suspended', 'mediating'),
            ('reach-agreement', 'mediating', 'mediated'),
            ('settle', 'received', 'settled'), ('settle', 'accepted', 'settled'),
            ('settle', 'mediating', 'settled'), ('settle', 'suspended', 'settled'),
            ('withdraw', 'received', 'withdrawn'), ('withdraw', 'accepted', 'withdrawn'),
            ('withdraw', 'mediating', 'withdrawn'), ('withdraw', 'suspended', 'withdrawn'),
            ('terminate', 'accepted', 'terminated'), ('terminate', 'mediating', 'terminated'),
            ('terminate', 'suspended', 'terminated'),
            ('close', 'settled', 'closed'), ('close', 'withdrawn', 'closed'), ('close', 'terminated', 'closed'),
            ('close', 'refused', 'closed'), ('close', 'mediated', 'closed'), ('close', 'returned', 'closed'),
            ('return-to-intake', 'received', 'returned'), ('return-to-intake', 'accepted', 'returned'),
            ('distribute', 'returned', 'received'), ('distribute', 'returned', 'accepted'),
            ('merge', 'received', 'merged'), ('merge', 'accepted', 'merged'),
            ('merge', 'mediating', 'merged'), ('merge', 'suspended', 'merged'))
$$;

-- A complaint stands as its newest act left it, and no act stands beside it; fired by the complaint and by the act.
CREATE FUNCTION complaint_acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    c record;
    a record;
BEGIN
    SELECT act_id, state, suspension INTO c FROM complaint
        WHERE bureau_id = NEW.bureau_id AND complaint_id = NEW.complaint_id;
    SELECT act_id, to_state, detail -> 'after' ->> 'suspension' AS suspension INTO a FROM complaint_act
        WHERE bureau_id = NEW.bureau_id AND complaint_id = NEW.complaint_id
        ORDER BY recorded_at DESC, act_id DESC LIMIT 1;
    IF NOT FOUND OR (a.act_id, a.to_state, a.suspension) IS DISTINCT FROM (c.act_id, c.state, c.suspension) THEN
        RAISE EXCEPTION 'zhuanche:no-act a complaint stands as its newest act left it' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;

-- Each act begins where the one before it ended, so that none is slipped in between two others.
CREATE FUNCTION complaint_act_follows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    b record;
    n record;
BEGIN
    SELECT to_state, detail -> 'after' ->> 'suspension' AS suspension INTO b FROM complaint_act
        WHERE bureau_id = NEW.bureau_id AND complaint_id = NEW.complaint_id
          AND (recorded_at, act_id) < (NEW.recorded_at, NEW.act_id)
        ORDER BY recorded_at DESC, act_id DESC LIMIT 1;
    IF NOT FOUND THEN
        IF (NEW.verb, NEW.from_state, NEW.to_state) IS DISTINCT FROM ('register', NULL::text, 'received') THEN
            RAISE EXCEPTION 'zhuanche:no-act a complaint begins by being registered' USING ERRCODE = 'ZC001';
        END IF;
    ELSIF NEW.from_state IS DISTINCT FROM b.to_state
        OR act_moves(NEW.verb, NEW.from_state, NEW.to_state) IS NOT TRUE
        OR NEW.verb <> 'suspend' AND NEW.to_state = 'suspended'
            AND NEW.detail -> 'after' ->> 'suspension' IS DISTINCT FROM b.suspension THEN
        RAISE EXCEPTION 'zhuanche:complaint-state-conflict % does not lead from % to %', NEW.verb, b.to_state, NEW.to_state
            USING ERRCODE = 'ZC001';
    END IF;
    SELECT from_state INTO n FROM complaint_act
        WHERE bureau_id = NEW.bureau_id AND complaint_id = NEW.complaint_id
          AND (recorded_at, act_id) > (NEW.recorded_at, NEW.act_id)
        ORDER BY recorded_at, act_id LIMIT 1;
    IF FOUND AND n.from_state IS DISTINCT FROM NEW.to_state THEN
        RAISE EXCEPTION 'zhuanche:complaint-state-conflict an act follows the one before it' USING ERRCODE = 'ZC001';
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

-- A job stands as its newest act left it: open with no act, or as it was given its last window; fired by both.
CREATE FUNCTION job_acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    j record;
    a record;
BEGIN
    SELECT state, decision_id, window_from, window_until INTO j FROM job
        WHERE bureau_id = NEW.bureau_id AND job_id = NEW.job_id;
    SELECT act_id, window_from, window_until,
        CASE verb WHEN 'cancel' THEN 'cancelled' WHEN 'finish' THEN 'done' ELSE 'open' END AS state INTO a
        FROM job_act WHERE bureau_id = NEW.bureau_id AND job_id = NEW.job_id
        ORDER BY recorded_at DESC, act_id DESC LIMIT 1;
    IF FOUND AND (a.act_id, a.state, a.window_from, a.window_until)
            IS DISTINCT FROM (j.decision_id, j.state, j.window_from, j.window_until)
        OR NOT FOUND AND (j.state, j.decision_id) IS DISTINCT FROM ('open', NULL::uuid) THEN
        RAISE EXCEPTION 'zhuanche:no-act a job stands as its newest act left it' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
