-- The life of a use (domain/trip/life.py holds the same table); every step comes with a new decision.
CREATE FUNCTION use_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision_id = OLD.decision_id THEN
        RAISE EXCEPTION 'zhuanche:no-decision a use changes only by a decision' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('requested', 'approved'), ('requested', 'refused'), ('requested', 'cancelled'), ('requested', 'expired'),
        ('approved', 'departed'), ('approved', 'cancelled'), ('approved', 'expired'),
        ('departed', 'returned'), ('returned', 'closed')) THEN
        RAISE EXCEPTION 'zhuanche:state-conflict a use does not go from % to %', OLD.state, NEW.state
            USING ERRCODE = 'ZC001';
    END IF;
    IF (NEW.planned_from, NEW.planned_until) IS DISTINCT FROM (OLD.planned_from, OLD.planned_until)
        AND OLD.state NOT IN ('requested', 'approved') THEN
        RAISE EXCEPTION 'zhuanche:state-conflict the window of a use that departed stands' USING ERRCODE = 'ZC001';
    END IF;
    IF OLD.actual_from IS NOT NULL AND NEW.actual_from IS DISTINCT FROM OLD.actual_from
        OR OLD.actual_until IS NOT NULL AND NEW.actual_until IS DISTINCT FROM OLD.actual_until THEN
        RAISE EXCEPTION 'zhuanche:state-conflict recorded times stand' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;

-- Which verb leads where: `STEPS` of domain/trip/life.py; a test compares.
CREATE FUNCTION step_leads(before text, verb text, after text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT (verb, before, after) IN (
            ('approve', 'requested', 'approved'), ('refuse', 'requested', 'refused'),
            ('cancel', 'requested', 'cancelled'), ('expire', 'requested', 'expired'),
            ('cancel', 'approved', 'cancelled'), ('expire', 'approved', 'expired'),
            ('depart', 'approved', 'departed'),
            ('return', 'departed', 'returned'), ('break-down', 'departed', 'returned'),
            ('close', 'returned', 'closed'))
        OR before = after AND CASE verb
            WHEN 'reschedule' THEN before IN ('requested', 'approved')
            WHEN 'change-crew' THEN before IN ('requested', 'approved')
            WHEN 'drop-job' THEN before IN ('requested', 'approved')
            WHEN 'add-job' THEN before IN ('requested', 'approved', 'departed')
            WHEN 'arrive' THEN before IN ('departed', 'returned', 'closed')
            WHEN 'leave' THEN before IN ('departed', 'returned', 'closed')
            WHEN 'confirm' THEN before NOT IN ('requested', 'refused')
            ELSE false END
$$;

CREATE FUNCTION use_start_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'trip' AND NEW.state <> 'requested' THEN
        RAISE EXCEPTION 'zhuanche:state-conflict a trip begins as a request' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.kind = 'upkeep' AND NEW.state <> 'approved' THEN
        RAISE EXCEPTION 'zhuanche:state-conflict an upkeep order begins as ordered' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION trip_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.approver_id IS NOT NULL AND (NEW.approver_id, NEW.approved_at, NEW.spoken_at, NEW.spoken_entered_by)
        IS DISTINCT FROM (OLD.approver_id, OLD.approved_at, OLD.spoken_at, OLD.spoken_entered_by) THEN
        RAISE EXCEPTION 'zhuanche:state-conflict an approval stands as recorded' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.crew_rev < OLD.crew_rev OR OLD.confirmed_at IS NOT NULL AND NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
        THEN
        RAISE EXCEPTION 'zhuanche:state-conflict crews and confirmations are only added to' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
