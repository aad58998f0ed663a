-- What a vehicle is due for, and how the rule asks for it: 0003's use_faults with dues beside the papers, and with the
-- question about findings as a function of its own (migrations/findings/overdue.sql).

-- A due is passed by its day, or by the odometer of its segment (domain/upkeep/dues.py). `departed_at` null: the newest
-- reading counts; else those taken before that instant, so that a departure is not judged by its own reading.
CREATE FUNCTION due_passed(of_bureau text, of_vehicle uuid, on_day date, departed_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    o record;
BEGIN
    SELECT r.segment, r.odometer_m INTO o FROM reading r
        WHERE r.bureau_id = of_bureau AND r.vehicle_id = of_vehicle
          AND (departed_at IS NULL OR r.read_at < departed_at)
          AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = of_bureau AND k.corrects = r.reading_id)
        ORDER BY r.read_at DESC, r.segment DESC, r.odometer_m DESC LIMIT 1;
    RETURN EXISTS (SELECT 1 FROM (SELECT DISTINCT ON (kind) due_on, due_m, segment FROM vehicle_due
            WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle
            ORDER BY kind, recorded_at DESC, due_id DESC) d
        WHERE d.due_on < on_day OR (d.segment = o.segment AND d.due_m < o.odometer_m));
END $$;

-- Everything of the rule that rows can tell, for a trip that is approved or departs.
CREATE OR REPLACE FUNCTION use_faults(u vehicle_use) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    t record;
    paper record;
    member record;
    carried uuid;
    jobs uuid[];
    the_zone text;
    using_unit uuid;
    as_of timestamptz;
    first_day date;
    last_day date;
    codes text[] := '{}';
    qualified boolean;
BEGIN
    SELECT zone INTO the_zone FROM bureau WHERE bureau_id = u.bureau_id;
    first_day := (coalesce(u.actual_from, u.planned_from) AT TIME ZONE the_zone)::date;
    last_day := greatest(first_day, (u.planned_until AT TIME ZONE the_zone)::date);
    SELECT * INTO t FROM trip WHERE bureau_id = u.bureau_id AND use_id = u.use_id;
    IF NOT FOUND THEN RETURN ARRAY['no-complaint']; END IF;
    SELECT u.actual_from INTO as_of FROM decision k WHERE k.bureau_id = u.bureau_id AND k.decision_id = u.decision_id
        AND k.verb = 'depart' AND k.source IN ('offline', 'paper');
    jobs := ARRAY(SELECT job_id FROM trip_job
        WHERE bureau_id = u.bureau_id AND use_id = u.use_id AND dropped_by IS NULL ORDER BY job_id);
    PERFORM hold_jobs(u.bureau_id, jobs);
    FOREACH carried IN ARRAY jobs LOOP
        codes := codes || job_faults(u.bureau_id, carried, as_of);
    END LOOP;
    IF cardinality(jobs) = 0 THEN codes := codes || 'no-complaint'::text; END IF;
    IF t.purpose <> 'mediation' THEN codes := codes || 'not-a-mediation'::text; END IF;

    using_unit := dedicated_unit(u.bureau_id, u.vehicle_id, first_day);
    IF using_unit IS NULL THEN
        codes := codes || 'vehicle-not-dedicated'::text;
        using_unit := first_desk(u.bureau_id);
    END IF;
    IF using_unit IS DISTINCT FROM t.requester_unit_id THEN codes := codes || 'borrowed'::text; END IF;

    FOR member IN SELECT person_id, seat FROM trip_crew
        WHERE bureau_id = u.bureau_id AND use_id = u.use_id AND rev = t.crew_rev ORDER BY person_id
    LOOP
        IF member.seat = 'driver' THEN
            -- One renewed early takes no place before it begins; one that was withdrawn is withdrawn at once.
            SELECT NOT withdrawn AND valid_until >= last_day INTO qualified
                FROM driving_licence WHERE bureau_id = u.bureau_id AND person_id = member.person_id
                  AND (withdrawn OR valid_from <= first_day) ORDER BY recorded_at DESC, licence_id DESC LIMIT 1;
            IF qualified IS NOT TRUE THEN codes := codes || 'driver-not-licensed'::text; END IF;
        ELSE
            SELECT passed AND taken_on <= first_day AND valid_until >= last_day INTO qualified
                FROM examination WHERE bureau_id = u.bureau_id AND person_id = member.person_id
                ORDER BY taken_on DESC, recorded_at DESC, examination_id DESC LIMIT 1;
            IF qualified IS NOT TRUE THEN codes := codes || 'officer-not-qualified'::text; END IF;
        END IF;
        qualified := NULL;
        IF member.person_id = t.approver_id THEN codes := codes || 'self-approval'::text; END IF;
    END LOOP;
    IF NOT EXISTS (SELECT 1 FROM trip_crew WHERE bureau_id = u.bureau_id AND use_id = u.use_id
                   AND rev = t.crew_rev AND seat = 'driver') THEN
        codes := codes || 'driver-not-licensed'::text;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM trip_crew WHERE bureau_id = u.bureau_id AND use_id = u.use_id
                   AND rev = t.crew_rev AND seat = 'officer') THEN
        codes := codes || 'officer-not-qualified'::text;
    END IF;

    IF may_approve(u.bureau_id, t.approver_id, using_unit, t.approved_at) IS NOT TRUE THEN
        codes := codes || 'approver-not-custodian'::text;
    END IF;

    -- Next year's paper, entered early, takes no place yet.
    FOR paper IN SELECT k.kind, (SELECT p.valid_until >= last_day FROM vehicle_paper p
            WHERE p.bureau_id = u.bureau_id AND p.vehicle_id = u.vehicle_id AND p.kind = k.kind
              AND p.valid_from <= first_day ORDER BY p.recorded_at DESC, p.paper_id DESC LIMIT 1) AS valid
        FROM (VALUES ('inspection'), ('insurance')) AS k (kind)
    LOOP
        IF paper.valid IS NOT TRUE THEN codes := codes || 'vehicle-unfit'::text; END IF;
    END LOOP;

    IF EXISTS (SELECT 1 FROM vehicle_use r JOIN upkeep_order o ON o.bureau_id = r.bureau_id AND o.use_id = r.use_id
               WHERE r.bureau_id = u.bureau_id AND r.vehicle_id = u.vehicle_id AND r.state = 'departed'
               AND o.upkeep = 'repair' AND (u.actual_from IS NOT NULL OR r.planned_until > u.planned_from)) THEN
        codes := codes || 'vehicle-unfit'::text;
    END IF;

    IF due_passed(u.bureau_id, u.vehicle_id, last_day, u.actual_from) THEN
        codes := codes || 'vehicle-unfit'::text;
    END IF;

    IF findings_overdue(u.bureau_id, u.vehicle_id, coalesce(u.actual_from, t.approved_at)) THEN
        codes := codes || 'findings-overdue'::text;
    END IF;
    RETURN codes;
END $$;
