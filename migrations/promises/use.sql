CREATE FUNCTION use_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
    departing vehicle_use;
    d record;
BEGIN
    -- The row as it stands at commit: several steps of one transaction are judged by where they end.
    SELECT * INTO u FROM vehicle_use WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT * INTO d FROM decision WHERE bureau_id = u.bureau_id AND decision_id = u.decision_id;
    IF NOT FOUND OR d.use_id <> u.use_id OR d.to_state <> u.state THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF u.kind <> 'trip' THEN RETURN NULL; END IF;
    IF TG_OP = 'UPDATE' AND NEW.state = 'departed' AND OLD.state <> 'departed' THEN
        -- A departure is judged by its own decision, wherever the transaction ends; what becomes of a complaint
        -- while the trip is under way does not undo it.
        IF NOT EXISTS (SELECT 1 FROM decision p WHERE p.bureau_id = u.bureau_id AND p.decision_id = NEW.decision_id
                       AND p.use_id = u.use_id AND p.verb = 'depart' AND p.outcome = 'permit') THEN
            PERFORM refuse_codes(ARRAY['no-decision']);
        END IF;
        -- On a cluster NEW is a row of the shard's own type, which no function takes.
        departing := NEW;
        PERFORM refuse_codes(use_faults(departing));
    ELSIF u.state = 'approved' AND TG_OP = 'UPDATE' AND (OLD.state, OLD.planned_from, OLD.planned_until)
        IS DISTINCT FROM (NEW.state, NEW.planned_from, NEW.planned_until) THEN
        IF NOT EXISTS (SELECT 1 FROM decision p WHERE p.bureau_id = u.bureau_id AND p.decision_id = NEW.decision_id
                       AND p.use_id = u.use_id AND p.verb IN ('approve', 'reschedule') AND p.outcome = 'permit') THEN
            PERFORM refuse_codes(ARRAY['no-decision']);
        END IF;
        PERFORM refuse_codes(use_faults(u));
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION trip_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    SELECT * INTO u FROM vehicle_use WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id;
    IF u.state = 'approved' AND (OLD.crew_rev, OLD.approver_id, OLD.approved_at)
        IS DISTINCT FROM (NEW.crew_rev, NEW.approver_id, NEW.approved_at) THEN
        PERFORM refuse_codes(use_faults(u));
    END IF;
    RETURN NULL;
END $$;

-- Nobody is seated on a trip that departed, and who is seated on an approved one is judged.
CREATE FUNCTION trip_crew_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    SELECT * INTO u FROM vehicle_use WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id;
    IF u.state = 'approved' THEN
        PERFORM refuse_codes(use_faults(u));
    ELSIF u.state <> 'requested' THEN
        PERFORM refuse_codes(ARRAY['state-conflict']);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION trip_job_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    SELECT * INTO u FROM vehicle_use WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id;
    IF u.state = 'approved' THEN
        PERFORM refuse_codes(use_faults(u));
    ELSIF u.state = 'departed' THEN
        PERFORM refuse_codes(job_faults(NEW.bureau_id, NEW.job_id, NULL));
    ELSIF u.state IN ('returned', 'closed', 'cancelled', 'expired') THEN
        PERFORM refuse_codes(ARRAY['state-conflict']);
    END IF;
    RETURN NULL;
END $$;

-- A departed trip keeps its jobs: dropping is for before.
CREATE FUNCTION trip_job_drop_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    SELECT * INTO u FROM vehicle_use WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id;
    IF u.state NOT IN ('requested', 'approved') THEN
        PERFORM refuse_codes(ARRAY['state-conflict']);
    END IF;
    IF u.state = 'approved' THEN
        PERFORM refuse_codes(use_faults(u));
    END IF;
    RETURN NULL;
END $$;
