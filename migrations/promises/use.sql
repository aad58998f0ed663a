CREATE FUNCTION on_duty(of_bureau text, who uuid, then_at timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM duty_shift s WHERE s.bureau_id = of_bureau AND s.person_id = who
        AND s.withdraws IS NULL AND s.start_at <= then_at AND then_at < s.end_at
        AND NOT EXISTS (SELECT 1 FROM duty_shift w WHERE w.bureau_id = of_bureau AND w.withdraws = s.shift_id));
END $$;

-- The approval that a trip's row tells of is that of its deciding row: by the approver, or by the word of the approver
-- entered by who was on duty, within twelve hours (api/usecases/spoken_approval.py).
CREATE FUNCTION approval_faults(of_bureau text, of_use uuid) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    t record;
    d record;
BEGIN
    SELECT approver_id, approved_at, spoken_at, spoken_entered_by INTO t FROM trip
        WHERE bureau_id = of_bureau AND use_id = of_use;
    IF t.approver_id IS NULL AND t.spoken_at IS NULL AND t.spoken_entered_by IS NULL THEN RETURN '{}'; END IF;
    SELECT source, actor_id, stated_at, recorded_at INTO d FROM decision
        WHERE bureau_id = of_bureau AND use_id = of_use AND verb = 'approve' AND outcome = 'permit'
        ORDER BY recorded_at DESC, decision_id DESC LIMIT 1;
    IF NOT FOUND OR t.approved_at IS DISTINCT FROM d.stated_at THEN RETURN ARRAY['no-decision']; END IF;
    IF d.source = 'online' THEN
        RETURN CASE WHEN t.approver_id = d.actor_id AND t.spoken_at IS NULL AND t.spoken_entered_by IS NULL
            THEN '{}'::text[] ELSE ARRAY['no-decision'] END;
    END IF;
    IF d.source <> 'spoken' OR (t.spoken_at, t.spoken_entered_by) IS DISTINCT FROM (d.stated_at, d.actor_id)
        OR t.approver_id IS NULL THEN
        RETURN ARRAY['no-decision'];
    END IF;
    IF NOT on_duty(of_bureau, d.actor_id, d.recorded_at) THEN RETURN ARRAY['not-on-duty']; END IF;
    IF d.stated_at NOT BETWEEN d.recorded_at - interval '12 hours' AND d.recorded_at THEN
        RETURN ARRAY['bad-spoken-time'];
    END IF;
    RETURN '{}';
END $$;

-- A use stands as its newest decision left it, and takes one step a transaction: no decision stands beside it.
CREATE FUNCTION use_decided_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
    newest record;
BEGIN
    u := held_use(NEW.bureau_id, NEW.use_id);
    SELECT decision_id INTO newest FROM decision WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id
        ORDER BY recorded_at DESC, decision_id DESC LIMIT 1;
    IF (newest.decision_id, u.decision_id) IS DISTINCT FROM (NEW.decision_id, NEW.decision_id) THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    RETURN NULL;
END $$;

-- Each step of a use rests on a decision of its own, newer than the one before it, that says the verb and its end.
CREATE FUNCTION use_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
    stepped vehicle_use;
    d record;
    o record;
BEGIN
    u := held_use(NEW.bureau_id, NEW.use_id);
    SELECT decision_id, use_id, verb, to_state, outcome, stated_at, actor_id, recorded_at INTO d
        FROM decision WHERE bureau_id = NEW.bureau_id AND decision_id = NEW.decision_id;
    IF NOT FOUND OR d.use_id <> NEW.use_id OR d.to_state <> NEW.state THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF TG_OP = 'INSERT' THEN
        PERFORM refuse_codes(use_begin_faults(NEW.bureau_id, NEW.use_id, NEW.kind, NEW.grace_s, d.verb, d.actor_id));
        RETURN NULL;
    END IF;
    SELECT recorded_at INTO o FROM decision WHERE bureau_id = OLD.bureau_id AND decision_id = OLD.decision_id;
    IF ((d.recorded_at, d.decision_id) > (o.recorded_at, OLD.decision_id)) IS NOT TRUE
        OR NOT step_leads(OLD.state, d.verb, NEW.state)
        OR (OLD.planned_from, OLD.planned_until) IS DISTINCT FROM (NEW.planned_from, NEW.planned_until)
            AND d.verb <> 'reschedule'
        OR OLD.actual_from IS NULL AND NEW.actual_from IS DISTINCT FROM d.stated_at AND d.verb = 'depart'
        OR OLD.actual_until IS NULL AND NEW.actual_until IS DISTINCT FROM d.stated_at
            AND d.verb IN ('return', 'break-down') THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF NEW.kind <> 'trip' THEN RETURN NULL; END IF;
    IF d.outcome <> 'permit' AND d.verb IN ('approve', 'depart', 'reschedule', 'change-crew', 'add-job', 'drop-job') THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF d.verb = 'depart' THEN
        -- A departure is judged by its own decision, wherever the transaction ends; what becomes of a complaint
        -- while the trip is under way does not undo it.
        -- On a cluster NEW is a row of the shard's own type, which no function takes.
        stepped := NEW;
        PERFORM refuse_codes(use_faults(stepped));
    ELSIF u.state = 'approved' AND d.verb IN ('approve', 'reschedule') THEN
        PERFORM refuse_codes(use_faults(u));
    END IF;
    IF d.verb = 'approve' THEN
        PERFORM refuse_codes(approval_faults(NEW.bureau_id, NEW.use_id));
        IF NOT EXISTS (SELECT 1 FROM dispatch_order WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id) THEN
            PERFORM refuse_codes(ARRAY['no-dispatch-order']);
        END IF;
    END IF;
    PERFORM refuse_codes(refusal_faults(NEW.bureau_id, d.decision_id));
    RETURN NULL;
END $$;

-- How a use begins: as asked for by who decided so, with the grace that is set, and with the row that says what for.
CREATE FUNCTION use_begin_faults(of_bureau text, of_use uuid, kind text, grace_s integer, verb text, actor uuid)
RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    r record;
BEGIN
    IF grace_s <> bureau_setting(of_bureau, 'departure_grace_s', 1800) THEN RETURN ARRAY['grace-not-set']; END IF;
    IF verb <> (CASE kind WHEN 'trip' THEN 'request' ELSE 'order' END) THEN RETURN ARRAY['no-decision']; END IF;
    IF kind = 'upkeep' THEN
        SELECT requester_id INTO r FROM upkeep_order WHERE bureau_id = of_bureau AND use_id = of_use;
        IF NOT FOUND THEN RETURN ARRAY['no-order']; END IF;
    ELSE
        SELECT requester_id INTO r FROM trip WHERE bureau_id = of_bureau AND use_id = of_use;
        IF NOT FOUND THEN RETURN ARRAY['no-complaint']; END IF;
    END IF;
    RETURN CASE WHEN r.requester_id = actor THEN '{}'::text[] ELSE ARRAY['no-decision'] END;
END $$;

-- A trip that was declined, or should not have been driven, has its refusal with every reason (P3).
CREATE FUNCTION refusal_faults(of_bureau text, of_decision uuid) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    d record;
    using_unit uuid;
BEGIN
    SELECT k.use_id, k.verb, k.outcome, k.actor_id, k.stated_at, u.vehicle_id,
            (u.planned_from AT TIME ZONE b.zone)::date AS first_day INTO d
        FROM decision k JOIN vehicle_use u ON u.bureau_id = k.bureau_id AND u.use_id = k.use_id
        JOIN bureau b ON b.bureau_id = k.bureau_id
        WHERE k.bureau_id = of_bureau AND k.decision_id = of_decision;
    IF d.verb = 'refuse' THEN
        using_unit := coalesce(dedicated_unit(of_bureau, d.vehicle_id, d.first_day), first_desk(of_bureau));
        IF NOT may_approve(of_bureau, d.actor_id, using_unit, d.stated_at) THEN
            RETURN ARRAY['approver-not-custodian'];
        END IF;
    END IF;
    IF (d.verb = 'refuse' OR d.outcome = 'refusal') AND NOT EXISTS (SELECT 1 FROM refusal r
        WHERE r.bureau_id = of_bureau AND r.use_id = d.use_id
          AND CASE d.verb WHEN 'refuse' THEN r.stage = 'approval' AND 'declined' = ANY (r.reasons)
                          ELSE r.stage = d.verb END) THEN
        RETURN ARRAY['no-refusal'];
    END IF;
    RETURN '{}';
END $$;

-- What a trip's own row says: who asked, and of which unit, as it begins; then who approved, who is aboard and
-- what was confirmed, each by its decision.
CREATE FUNCTION trip_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
    d record;
BEGIN
    u := held_use(NEW.bureau_id, NEW.use_id);
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (SELECT 1 FROM person WHERE bureau_id = NEW.bureau_id AND person_id = NEW.requester_id
                       AND unit_id = NEW.requester_unit_id) THEN
            PERFORM refuse_codes(ARRAY['borrowed']);
        END IF;
        PERFORM refuse_codes(approval_faults(NEW.bureau_id, NEW.use_id));
        IF NEW.crew_rev <> 1 OR NEW.confirmed_at IS NOT NULL THEN
            PERFORM refuse_codes(ARRAY['state-conflict']);
        END IF;
        RETURN NULL;
    END IF;
    SELECT verb, stated_at, actor_id INTO d FROM decision
        WHERE bureau_id = u.bureau_id AND decision_id = u.decision_id;
    IF NEW.crew_rev <> OLD.crew_rev THEN
        IF u.state NOT IN ('requested', 'approved') THEN PERFORM refuse_codes(ARRAY['state-conflict']); END IF;
        IF d.verb IS DISTINCT FROM 'change-crew' THEN PERFORM refuse_codes(ARRAY['no-decision']); END IF;
    END IF;
    IF NEW.confirmed_at IS DISTINCT FROM OLD.confirmed_at
        AND (d.verb, d.stated_at, d.actor_id) IS DISTINCT FROM ('confirm', NEW.confirmed_at, NEW.approver_id) THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF u.state = 'approved' AND (OLD.crew_rev, OLD.approver_id, OLD.approved_at)
        IS DISTINCT FROM (NEW.crew_rev, NEW.approver_id, NEW.approved_at) THEN
        PERFORM refuse_codes(use_faults(u));
    END IF;
    IF (OLD.approver_id, OLD.approved_at, OLD.spoken_at, OLD.spoken_entered_by)
        IS DISTINCT FROM (NEW.approver_id, NEW.approved_at, NEW.spoken_at, NEW.spoken_entered_by) THEN
        PERFORM refuse_codes(approval_faults(NEW.bureau_id, NEW.use_id));
    END IF;
    RETURN NULL;
END $$;

-- Nobody is seated on a trip that departed, crew or passenger; who is seated on an approved one is judged.
CREATE FUNCTION trip_crew_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    u := held_use(NEW.bureau_id, NEW.use_id);
    IF u.state NOT IN ('requested', 'approved') THEN PERFORM refuse_codes(ARRAY['state-conflict']); END IF;
    IF NEW.decision_id <> u.decision_id
        OR NOT EXISTS (SELECT 1 FROM decision WHERE bureau_id = u.bureau_id AND decision_id = u.decision_id
                       AND verb IN ('request', 'change-crew'))
        OR NOT EXISTS (SELECT 1 FROM trip WHERE bureau_id = u.bureau_id AND use_id = u.use_id
                       AND crew_rev = NEW.rev) THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF u.state = 'approved' THEN PERFORM refuse_codes(use_faults(u)); END IF;
    RETURN NULL;
END $$;

-- A job comes aboard, and a dropped one again, by the decision that says so. Under way it is judged alone.
CREATE FUNCTION trip_job_rule_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
    jobs uuid[];
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.dropped_by IS NOT NULL THEN RETURN NULL; END IF;
    u := held_use(NEW.bureau_id, NEW.use_id);
    IF u.state NOT IN ('requested', 'approved', 'departed') THEN
        PERFORM refuse_codes(ARRAY['state-conflict']);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM decision WHERE bureau_id = u.bureau_id AND decision_id = u.decision_id
            AND (verb = 'add-job' OR verb = 'request' AND TG_OP = 'INSERT'))
        OR TG_OP = 'INSERT' AND NEW.decision_id <> u.decision_id THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF u.state = 'approved' THEN
        PERFORM refuse_codes(use_faults(u));
    ELSIF u.state = 'departed' THEN
        jobs := ARRAY(SELECT job_id FROM trip_job
            WHERE bureau_id = u.bureau_id AND use_id = u.use_id AND dropped_by IS NULL);
        PERFORM hold_jobs(u.bureau_id, jobs);
        PERFORM refuse_codes(job_faults(NEW.bureau_id, NEW.job_id, NULL));
    END IF;
    RETURN NULL;
END $$;

-- A departed trip keeps its jobs: dropping is for before.
CREATE FUNCTION trip_job_drop_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    IF NEW.dropped_by IS NULL THEN RETURN NULL; END IF;
    u := held_use(NEW.bureau_id, NEW.use_id);
    IF u.state NOT IN ('requested', 'approved') THEN PERFORM refuse_codes(ARRAY['state-conflict']); END IF;
    IF NEW.dropped_by <> u.decision_id
        OR NOT EXISTS (SELECT 1 FROM decision WHERE bureau_id = u.bureau_id AND decision_id = u.decision_id
                       AND verb = 'drop-job') THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    IF u.state = 'approved' THEN PERFORM refuse_codes(use_faults(u)); END IF;
    RETURN NULL;
END $$;

-- Numbers of a bureau's year follow one another, each for a trip that was approved; the counter tells the last.
CREATE FUNCTION dispatch_order_follows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.number <> 1 AND NOT EXISTS (SELECT 1 FROM dispatch_order
            WHERE bureau_id = NEW.bureau_id AND year = NEW.year AND number = NEW.number - 1)
        OR NOT EXISTS (SELECT 1 FROM dispatch_order_counter
            WHERE bureau_id = NEW.bureau_id AND year = NEW.year AND last >= NEW.number) THEN
        RAISE EXCEPTION 'zhuanche:number-skipped numbers of dispatch orders have no gap' USING ERRCODE = 'ZC001';
    END IF;
    IF NOT EXISTS (SELECT 1 FROM decision WHERE bureau_id = NEW.bureau_id AND use_id = NEW.use_id
                   AND verb = 'approve' AND outcome = 'permit') THEN
        PERFORM refuse_codes(ARRAY['no-decision']);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION dispatch_order_counted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    counted integer;
    highest integer;
BEGIN
    SELECT last INTO counted FROM dispatch_order_counter WHERE bureau_id = NEW.bureau_id AND year = NEW.year;
    SELECT max(number) INTO highest FROM dispatch_order WHERE bureau_id = NEW.bureau_id AND year = NEW.year;
    IF counted IS DISTINCT FROM highest THEN
        RAISE EXCEPTION 'zhuanche:number-skipped the last number counted is that of the last order'
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
