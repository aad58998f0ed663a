-- The site must lie inside the boundary or within the bureau's tolerance of it, unless the custodian's newest
-- decision about the place says otherwise (domain/place/boundary.py, domain/use_rule).
CREATE FUNCTION site_is_inside(of_bureau text, site_lat double precision, site_lon double precision) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
DECLARE
    b record;
    site point;
    decided boolean;
    off_m double precision;
BEGIN
    SELECT origin_lat, origin_lon INTO b FROM bureau WHERE bureau_id = of_bureau;
    IF NOT FOUND THEN RETURN false; END IF;
    SELECT d.inside INTO decided FROM site_decision d
        WHERE d.bureau_id = of_bureau
          AND sqrt(power((d.lon - site_lon) * cos(radians(site_lat)) * 111319.49, 2)
                 + power((d.lat - site_lat) * 111319.49, 2)) <= d.radius_m
        ORDER BY d.decided_on DESC, d.recorded_at DESC LIMIT 1;
    IF decided IS NOT NULL THEN RETURN decided; END IF;
    site := point((site_lon - b.origin_lon) * cos(radians(b.origin_lat)) * 111319.49,
                  (site_lat - b.origin_lat) * 111319.49);
    -- Inside is within an odd number of rings; beyond, the nearest line counts.
    SELECT CASE WHEN count(*) FILTER (WHERE outline::polygon @> site) % 2 = 1 THEN 0
                ELSE min(site <-> outline::polygon::path) END
        INTO off_m FROM boundary_part WHERE bureau_id = of_bureau;
    -- The plane's metres are off by less than 1 % within a district: the domain rule measures exactly and goes first.
    RETURN off_m IS NOT NULL AND off_m <= bureau_setting(of_bureau, 'site_tolerance_m', 150) * 1.01 + 1;
END $$;

-- What the rule reads of a use is held until the transaction ends, always in this order: the use, its complaints, its
-- jobs. Whoever closes a complaint, cancels a job or moves the use waits for us, or we see what they did (P1).
CREATE FUNCTION held_use(of_bureau text, of_use uuid) RETURNS vehicle_use LANGUAGE plpgsql AS $$
DECLARE
    u vehicle_use;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'zhuanche:state-conflict the rule is judged on what is committed' USING ERRCODE = 'ZC001';
    END IF;
    SELECT * INTO u FROM vehicle_use WHERE bureau_id = of_bureau AND use_id = of_use FOR SHARE;
    RETURN u;
END $$;

CREATE FUNCTION hold_jobs(of_bureau text, of_jobs uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    of_complaints uuid[];
BEGIN
    of_complaints := ARRAY(SELECT complaint_id FROM job WHERE bureau_id = of_bureau AND job_id = ANY (of_jobs));
    PERFORM 1 FROM complaint WHERE bureau_id = of_bureau AND complaint_id = ANY (of_complaints)
        ORDER BY complaint_id FOR SHARE;
    PERFORM 1 FROM job WHERE bureau_id = of_bureau AND job_id = ANY (of_jobs) ORDER BY job_id FOR SHARE;
END $$;

-- The jobs are held already. `as_of` is set where word of a departure came later: the complaint is judged as it stood then.
CREATE FUNCTION job_faults(of_bureau text, of_job uuid, as_of timestamptz) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    j record;
    c record;
    still_open boolean;
    codes text[] := '{}';
BEGIN
    SELECT * INTO j FROM job WHERE bureau_id = of_bureau AND job_id = of_job;
    IF NOT FOUND THEN RETURN ARRAY['no-complaint']; END IF;
    SELECT state, suspension INTO c FROM complaint WHERE bureau_id = of_bureau AND complaint_id = j.complaint_id;
    still_open := j.state = 'open';
    IF as_of IS NOT NULL THEN
        SELECT to_state AS state, detail -> 'after' ->> 'suspension' AS suspension INTO c
            FROM complaint_act WHERE bureau_id = of_bureau AND complaint_id = j.complaint_id AND recorded_at <= as_of
            ORDER BY recorded_at DESC, act_id DESC LIMIT 1;
        still_open := NOT EXISTS (SELECT 1 FROM job_act k WHERE k.bureau_id = of_bureau AND k.job_id = of_job
            AND k.verb IN ('cancel', 'finish') AND k.recorded_at <= as_of);
    END IF;
    IF j.kind NOT IN ('mediation', 'look-at-goods', 'fetch-sample', 'serve-papers') THEN
        codes := codes || 'not-a-mediation'::text;
    END IF;
    IF NOT visit_allowed(coalesce(c.state, 'received'), c.suspension, j.kind) THEN
        codes := codes || 'complaint-not-open'::text;
    END IF;
    IF NOT j.on_site OR NOT still_open THEN
        codes := codes || 'job-not-on-site'::text;
    END IF;
    IF NOT site_is_inside(of_bureau, j.lat, j.lon) THEN
        codes := codes || 'outside-jurisdiction'::text;
    END IF;
    RETURN codes;
END $$;

-- Who approves, or declines: the head of the using unit, or who holds a delegation of that unit then.
CREATE FUNCTION may_approve(of_bureau text, approver uuid, using_unit uuid, then_at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM person p WHERE p.bureau_id = of_bureau AND p.person_id = approver AND p.active
            AND p.unit_id = using_unit
            AND (SELECT granted FROM role_grant g WHERE g.bureau_id = of_bureau
                 AND g.person_id = p.person_id AND g.role = 'custodian' AND g.recorded_at <= then_at
                 ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1))
        OR EXISTS (SELECT 1 FROM delegation l WHERE l.bureau_id = of_bureau AND l.to_person_id = approver
            AND l.unit_id = using_unit AND l.ends IS NULL AND l.valid_from <= then_at AND then_at < l.valid_until
            AND NOT EXISTS (SELECT 1 FROM delegation e WHERE e.bureau_id = of_bureau
                            AND e.ends = l.delegation_id AND e.recorded_at <= then_at));
END $$;

-- The unit the vehicle is dedicated to on that day; null where it is dedicated to none.
CREATE FUNCTION dedicated_unit(of_bureau text, of_vehicle uuid, on_day date) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE
    d record;
BEGIN
    SELECT kind, unit_id INTO d FROM dedication_order
        WHERE bureau_id = of_bureau AND vehicle_id = of_vehicle AND effective_on <= on_day
        ORDER BY effective_on DESC, recorded_at DESC, order_id DESC LIMIT 1;
    RETURN CASE WHEN d.kind = 'dedicate' THEN d.unit_id END;
END $$;

CREATE FUNCTION first_desk(of_bureau text) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (SELECT unit_id FROM unit WHERE bureau_id = of_bureau AND kind = 'desk'
        ORDER BY recorded_at, unit_id LIMIT 1);
END $$;

-- Everything of DESIGN's rule that rows can tell, for a trip that is approved or departs.
CREATE FUNCTION use_faults(u vehicle_use) RETURNS text[] LANGUAGE plpgsql AS $$
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

    IF EXISTS (SELECT 1 FROM finding f WHERE f.bureau_id = u.bureau_id AND f.vehicle_id = u.vehicle_id
               AND f.term_at < coalesce(u.actual_from, t.approved_at)
               AND NOT EXISTS (SELECT 1 FROM finding_act a WHERE a.bureau_id = f.bureau_id
                               AND a.finding_id = f.finding_id AND a.verb = 'explain')) THEN
        codes := codes || 'findings-overdue'::text;
    END IF;
    RETURN codes;
END $$;
