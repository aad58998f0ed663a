"""The promises as the database holds them: append-only tables, the life of a use, the complaint-only rule.

Row triggers look at their own row only. Whatever reads other tables is a deferred constraint trigger: that is what
a distributed table allows, and it sees the whole transaction. A refusal has SQLSTATE ZC001 and a message
`zhuanche:` followed by the codes of the rule.

Revision ID: 0003
Revises: 0002
"""

from alembic import op
from sqlalchemy import text

from domain.calendar import load_notice, shipped_years

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = """
setting_change person_act role_grant delegation examination driving_licence duty_shift audit_mandate mandate_access
vehicle_paper dedication_order device_act reading ledger_payload ledger_outbox
complaint_particulars complaint_act job_act site_decision trip_crew trip_passenger trip_stop decision refusal field_conflict
dispatch_order safety_check accident_report finding finding_act
visit_note visit_note_conflict note_attachment attachment position position_aside position_digest
""".split()

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'zhuanche:append-only rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'ZC006';
END $$
"""

# The life of a use (domain/trip/life.py holds the same table); every step comes with a new decision.
USE_STEP = """
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
END $$
"""

USE_START = """
CREATE FUNCTION use_start_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'trip' AND NEW.state NOT IN ('requested', 'refused') THEN
        RAISE EXCEPTION 'zhuanche:state-conflict a trip begins as a request' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.kind = 'upkeep' AND NEW.state <> 'approved' THEN
        RAISE EXCEPTION 'zhuanche:state-conflict an upkeep order begins as ordered' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$
"""

TRIP_STEP = """
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
END $$
"""

ACTED = """
CREATE FUNCTION acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.act_id = OLD.act_id THEN
        RAISE EXCEPTION 'zhuanche:no-act a row of % changes only by an act', TG_TABLE_NAME USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$
"""

SETTING = """
CREATE FUNCTION bureau_setting(of_bureau text, setting text, fallback numeric) RETURNS numeric
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN coalesce((SELECT (new_value ->> 'value')::numeric FROM setting_change
        WHERE bureau_id = of_bureau AND name = setting ORDER BY recorded_at DESC, change_id DESC LIMIT 1), fallback);
END $$
"""

# The bounds of domain/settings.py, once more where no code path goes round them; a test keeps the two alike.
SETTING_BOUNDS = """
    ('clock_skew_s', 10, 3600),
    ('departure_grace_s', 0, 7200),
    ('finding_term_days', 1, 30),
    ('note_near_m', 50, 2000),
    ('saic51_accept_days', 1, 30),
    ('saic51_mediate_days', 1, 180),
    ('site_tolerance_m', 0, 500),
    ('spoken_confirm_s', 3600, 86400),
    ('unobserved_after_s', 30, 1800),
    ('vehicle_near_m', 50, 2000)
"""

SETTING_HOLDS = f"""
CREATE FUNCTION setting_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM (VALUES {SETTING_BOUNDS}) AS b (name, least, most)
                   WHERE b.name = NEW.name AND jsonb_typeof(NEW.new_value -> 'value') = 'number'
                     AND (NEW.new_value ->> 'value')::numeric BETWEEN b.least AND b.most) THEN
        RAISE EXCEPTION 'zhuanche:setting-out-of-bounds % may not be %', NEW.name, NEW.new_value
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$
"""

# The site must lie inside the boundary or within the bureau's tolerance of it, unless the custodian's newest
# decision about the place says otherwise (domain/place/boundary.py, domain/use_rule).
SITE_INSIDE = """
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
END $$
"""

# Which complaint a job of that kind may be visited for: the table `visits` of the regulation packs, which is the same in
# all three (domain/complaint/data; a test compares). A kind that is no mediation is refused for that alone.
VISIT_ALLOWED = """
CREATE FUNCTION visit_allowed(state text, suspension text, kind text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN state IN ('accepted', 'mediating') THEN true
        WHEN state = 'suspended' THEN suspension IS NOT DISTINCT FROM 'testing'
            AND kind IN ('look-at-goods', 'fetch-sample', 'serve-papers')
        WHEN state IN ('mediated', 'terminated') THEN kind = 'serve-papers'
        ELSE false END
$$
"""

# `as_of` is set where word of a departure came later: the complaint is judged as it stood then.
JOB_FAULTS = """
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
    -- Locks what it reads: who closes the complaint waits for us, or we see that it is closed (P1).
    SELECT state, suspension INTO c FROM complaint
        WHERE bureau_id = of_bureau AND complaint_id = j.complaint_id FOR SHARE;
    still_open := j.state = 'open';
    IF as_of IS NOT NULL THEN
        SELECT detail -> 'after' ->> 'state' AS state, detail -> 'after' ->> 'suspension' AS suspension INTO c
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
END $$
"""

# Everything of DESIGN's rule that rows can tell, for a trip that is approved or departs.
USE_FAULTS = """
CREATE FUNCTION use_faults(u vehicle_use) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    t record;
    d record;
    paper record;
    member record;
    carried uuid;
    the_zone text;
    using_unit uuid;
    as_of timestamptz;
    first_day date;
    last_day date;
    codes text[] := '{}';
    carries boolean := false;
    qualified boolean;
BEGIN
    SELECT zone INTO the_zone FROM bureau WHERE bureau_id = u.bureau_id;
    first_day := (coalesce(u.actual_from, u.planned_from) AT TIME ZONE the_zone)::date;
    last_day := greatest(first_day, (u.planned_until AT TIME ZONE the_zone)::date);
    SELECT * INTO t FROM trip WHERE bureau_id = u.bureau_id AND use_id = u.use_id;
    IF NOT FOUND THEN RETURN ARRAY['no-complaint']; END IF;
    SELECT u.actual_from INTO as_of FROM decision k WHERE k.bureau_id = u.bureau_id AND k.decision_id = u.decision_id
        AND k.verb = 'depart' AND k.source IN ('offline', 'paper');
    FOR carried IN SELECT job_id FROM trip_job
        WHERE bureau_id = u.bureau_id AND use_id = u.use_id AND dropped_by IS NULL ORDER BY job_id
    LOOP
        carries := true;
        codes := codes || job_faults(u.bureau_id, carried, as_of);
    END LOOP;
    IF NOT carries THEN codes := codes || 'no-complaint'::text; END IF;
    IF t.purpose <> 'mediation' THEN codes := codes || 'not-a-mediation'::text; END IF;

    SELECT kind, unit_id INTO d FROM dedication_order
        WHERE bureau_id = u.bureau_id AND vehicle_id = u.vehicle_id AND effective_on <= first_day
        ORDER BY effective_on DESC, recorded_at DESC, order_id DESC LIMIT 1;
    IF d.kind IS NOT DISTINCT FROM 'dedicate' THEN
        using_unit := d.unit_id;
    ELSE
        codes := codes || 'vehicle-not-dedicated'::text;
        SELECT unit_id INTO using_unit FROM unit WHERE bureau_id = u.bureau_id AND kind = 'desk'
            ORDER BY recorded_at, unit_id LIMIT 1;
    END IF;
    IF using_unit IS DISTINCT FROM t.requester_unit_id THEN codes := codes || 'borrowed'::text; END IF;

    FOR member IN SELECT person_id, seat FROM trip_crew
        WHERE bureau_id = u.bureau_id AND use_id = u.use_id AND rev = t.crew_rev ORDER BY person_id
    LOOP
        IF member.seat = 'driver' THEN
            SELECT NOT withdrawn AND valid_from <= first_day AND valid_until >= last_day INTO qualified
                FROM driving_licence WHERE bureau_id = u.bureau_id AND person_id = member.person_id
                ORDER BY recorded_at DESC, licence_id DESC LIMIT 1;
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

    IF t.approver_id IS NULL OR NOT (
        EXISTS (SELECT 1 FROM person p WHERE p.bureau_id = u.bureau_id AND p.person_id = t.approver_id AND p.active
                AND p.unit_id = using_unit
                AND (SELECT granted FROM role_grant g WHERE g.bureau_id = u.bureau_id
                     AND g.person_id = p.person_id AND g.role = 'custodian' AND g.recorded_at <= t.approved_at
                     ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1))
        OR EXISTS (SELECT 1 FROM delegation l WHERE l.bureau_id = u.bureau_id AND l.to_person_id = t.approver_id
                   AND l.unit_id = using_unit AND l.ends IS NULL
                   AND l.valid_from <= t.approved_at AND t.approved_at < l.valid_until
                   AND NOT EXISTS (SELECT 1 FROM delegation e WHERE e.bureau_id = l.bureau_id
                                   AND e.ends = l.delegation_id AND e.recorded_at <= t.approved_at)))
    THEN
        codes := codes || 'approver-not-custodian'::text;
    END IF;

    FOR paper IN SELECT k.kind, (SELECT p.valid_from <= first_day AND p.valid_until >= last_day FROM vehicle_paper p
            WHERE p.bureau_id = u.bureau_id AND p.vehicle_id = u.vehicle_id AND p.kind = k.kind
            ORDER BY p.recorded_at DESC, p.paper_id DESC LIMIT 1) AS valid
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
END $$
"""

REFUSE_CODES = """
CREATE FUNCTION refuse_codes(codes text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(codes) > 0 THEN
        RAISE EXCEPTION 'zhuanche:%',
            (SELECT string_agg(DISTINCT code, ',' ORDER BY code) FROM unnest(codes) AS c (code))
            USING ERRCODE = 'ZC001';
    END IF;
END $$
"""

USE_RULE = """
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
END $$
"""

TRIP_RULE = """
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
END $$
"""

# Nobody is seated on a trip that departed, and who is seated on an approved one is judged.
TRIP_CREW_RULE = """
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
END $$
"""

TRIP_JOB_RULE = """
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
END $$
"""

# A departed trip keeps its jobs: dropping is for before.
TRIP_JOB_STEP = """
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
END $$
"""

COMPLAINT_ACTED = """
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
END $$
"""

AUDITOR_ALONE = """
CREATE FUNCTION auditor_alone_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    held text[];
BEGIN
    -- Two grants to one person come one after the other, so that the second sees the first.
    PERFORM 1 FROM person WHERE bureau_id = NEW.bureau_id AND person_id = NEW.person_id FOR NO KEY UPDATE;
    SELECT array_agg(role) INTO held FROM (
        SELECT DISTINCT ON (role) role, granted FROM role_grant
        WHERE bureau_id = NEW.bureau_id AND person_id = NEW.person_id
        ORDER BY role, recorded_at DESC, grant_id DESC) newest
    WHERE granted;
    IF 'auditor' = ANY (held) AND cardinality(held) > 1 THEN
        RAISE EXCEPTION 'zhuanche:auditor-exclusive an auditor holds no other role' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$
"""

# Two administrators who remove each other wait here for one another: the second is the last, and stays.
ADMIN_STAYS = """
CREATE FUNCTION admin_stays_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    admins bigint;
BEGIN
    -- On a cluster the trigger fires on a shard: its number follows the table's name.
    IF TG_TABLE_NAME LIKE 'role_grant%' THEN
        IF NEW.granted OR NEW.role <> 'admin' THEN RETURN NULL; END IF;
    ELSIF NEW.active OR NOT OLD.active THEN
        RETURN NULL;
    END IF;
    PERFORM 1 FROM person WHERE bureau_id = NEW.bureau_id ORDER BY person_id FOR NO KEY UPDATE;
    SELECT count(*) INTO admins FROM person p WHERE p.bureau_id = NEW.bureau_id AND p.active
        AND (SELECT g.granted FROM role_grant g WHERE g.bureau_id = p.bureau_id AND g.person_id = p.person_id
             AND g.role = 'admin' ORDER BY g.recorded_at DESC, g.grant_id DESC LIMIT 1);
    IF admins = 0 THEN
        RAISE EXCEPTION 'zhuanche:last-admin at least one administrator stays' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$
"""

# A reading fits between all earlier and all later ones of its odometer that no correction replaced, each taken with
# its resolution (domain/books/readings.py). Of two of one instant the one recorded first is the earlier.
READING_RULE = """
CREATE FUNCTION reading_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
    earlier_m bigint;
    later_m bigint;
BEGIN
    -- Readings of a vehicle are judged one transaction at a time, each query on what was committed before.
    PERFORM pg_advisory_xact_lock(hashtextextended('reading ' || NEW.bureau_id || NEW.vehicle_id, 0));
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'zhuanche:bad-reading readings are judged on what is committed' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.corrects IS NOT NULL THEN
        SELECT * INTO wrong FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.reading_id = NEW.corrects;
        IF (wrong.vehicle_id, wrong.segment, wrong.read_at, wrong.use_id)
            IS DISTINCT FROM (NEW.vehicle_id, NEW.segment, NEW.read_at, NEW.use_id)
            OR (wrong.recorded_at, wrong.reading_id) >= (NEW.recorded_at, NEW.reading_id) THEN
            RAISE EXCEPTION 'zhuanche:correction-unfounded a correction stands where the wrong reading stood'
                USING ERRCODE = 'ZC001';
        END IF;
    END IF;
    IF NEW.segment > 0 AND NOT EXISTS (SELECT 1 FROM reading b WHERE b.bureau_id = NEW.bureau_id
            AND b.vehicle_id = NEW.vehicle_id AND b.occasion = 'new-odometer' AND b.segment = NEW.segment
            AND b.read_at <= NEW.read_at)
        OR EXISTS (SELECT 1 FROM reading b WHERE b.bureau_id = NEW.bureau_id AND b.vehicle_id = NEW.vehicle_id
            AND b.occasion = 'new-odometer' AND b.segment = NEW.segment + 1 AND b.read_at < NEW.read_at) THEN
        RAISE EXCEPTION 'zhuanche:segment-not-begun that odometer was not in the vehicle then' USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.occasion = 'new-odometer' AND (
        EXISTS (SELECT 1 FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id
            AND r.segment < NEW.segment AND r.read_at > NEW.read_at)
        OR NEW.segment > 1 AND NOT EXISTS (SELECT 1 FROM reading b WHERE b.bureau_id = NEW.bureau_id
            AND b.vehicle_id = NEW.vehicle_id AND b.occasion = 'new-odometer' AND b.segment = NEW.segment - 1)) THEN
        RAISE EXCEPTION 'zhuanche:bad-odometer-replacement an odometer is replaced after its last reading'
            USING ERRCODE = 'ZC001';
    END IF;
    -- What was corrected within this transaction no longer counts.
    IF EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = NEW.bureau_id AND k.corrects = NEW.reading_id) THEN
        RETURN NULL;
    END IF;
    SELECT r.odometer_m INTO earlier_m FROM reading r
        WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id AND r.segment = NEW.segment
          AND (r.read_at, r.recorded_at, r.reading_id) < (NEW.read_at, NEW.recorded_at, NEW.reading_id)
          AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = r.bureau_id AND k.corrects = r.reading_id)
        ORDER BY r.odometer_m DESC LIMIT 1;
    IF NEW.odometer_m + NEW.resolution_m <= earlier_m THEN
        RAISE EXCEPTION 'zhuanche:reading-below-predecessor readings never go back' USING ERRCODE = 'ZC001';
    END IF;
    SELECT r.odometer_m + r.resolution_m INTO later_m FROM reading r
        WHERE r.bureau_id = NEW.bureau_id AND r.vehicle_id = NEW.vehicle_id AND r.segment = NEW.segment
          AND (r.read_at, r.recorded_at, r.reading_id) > (NEW.read_at, NEW.recorded_at, NEW.reading_id)
          AND NOT EXISTS (SELECT 1 FROM reading k WHERE k.bureau_id = r.bureau_id AND k.corrects = r.reading_id)
        ORDER BY r.odometer_m + r.resolution_m LIMIT 1;
    IF NEW.odometer_m >= later_m THEN
        RAISE EXCEPTION 'zhuanche:reading-above-successor readings never go back' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$
"""

# Partitions are made ahead through this narrow door; the service itself may create nothing.
MAKE_PARTITION = """
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
END $$
"""

PARTITION_MONTHS = """
CREATE FUNCTION position_partition_months() RETURNS SETOF date LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = public, pg_temp AS $$
    SELECT to_date(substr(c.relname, 11), 'YYYY"m"MM') FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'public.position'::regclass ORDER BY 1
$$
"""

# A job is open, then done or cancelled; state and window move only by something that says who and why.
JOB_STEP = """
CREATE FUNCTION job_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.decision_id IS NOT DISTINCT FROM OLD.decision_id THEN
        RAISE EXCEPTION 'zhuanche:no-act a job changes only by an act' USING ERRCODE = 'ZC001';
    END IF;
    IF OLD.state <> 'open' THEN
        RAISE EXCEPTION 'zhuanche:state-conflict a job that is % stays so', OLD.state USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$
"""

FUNCTIONS = (
    REFUSE_CHANGE,
    USE_STEP,
    USE_START,
    TRIP_STEP,
    ACTED,
    SETTING,
    SETTING_HOLDS,
    SITE_INSIDE,
    VISIT_ALLOWED,
    JOB_FAULTS,
    USE_FAULTS,
    REFUSE_CODES,
    USE_RULE,
    TRIP_RULE,
    TRIP_CREW_RULE,
    TRIP_JOB_RULE,
    TRIP_JOB_STEP,
    COMPLAINT_ACTED,
    JOB_STEP,
    AUDITOR_ALONE,
    ADMIN_STAYS,
    READING_RULE,
    MAKE_PARTITION,
    PARTITION_MONTHS,
)

ROW_TRIGGERS = (
    ("setting_bounds", "BEFORE INSERT ON setting_change", "setting_holds"),
    ("use_step", "BEFORE UPDATE ON vehicle_use", "use_step_holds"),
    ("use_start", "BEFORE INSERT ON vehicle_use", "use_start_holds"),
    ("trip_step", "BEFORE UPDATE ON trip", "trip_step_holds"),
    ("complaint_acted", "BEFORE UPDATE ON complaint", "acted_holds"),
    ("job_step", "BEFORE UPDATE OF state, window_from, window_until ON job", "job_step_holds"),
    ("device_acted", "BEFORE UPDATE OF token_sha256, revoked_at, name ON device", "acted_holds"),
    ("person_acted", "BEFORE UPDATE OF unit_id, password_hash, must_change_password, active ON person", "acted_holds"),
)

DEFERRED_TRIGGERS = (
    ("use_rule", "INSERT OR UPDATE ON vehicle_use", "use_rule_holds"),
    ("trip_rule", "UPDATE ON trip", "trip_rule_holds"),
    ("trip_crew_rule", "INSERT ON trip_crew", "trip_crew_rule_holds"),
    ("trip_job_rule", "INSERT ON trip_job", "trip_job_rule_holds"),
    ("trip_job_drop", "UPDATE ON trip_job", "trip_job_drop_holds"),
    ("complaint_acted_by", "INSERT OR UPDATE ON complaint", "complaint_acted_holds"),
    ("auditor_alone", "INSERT ON role_grant", "auditor_alone_holds"),
    ("admin_stays", "INSERT ON role_grant", "admin_stays_holds"),
    ("admin_stays_active", "UPDATE OF active ON person", "admin_stays_holds"),
    ("reading_rule", "INSERT ON reading", "reading_holds"),
)


def upgrade() -> None:
    for function in FUNCTIONS:
        op.execute(function)
    # A caller's search_path, or a temporary table of the same name, must not stand between a rule and its tables.
    op.execute(
        "DO $$ DECLARE one regprocedure; BEGIN"
        " FOR one IN SELECT oid FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'"
        " AND proowner = current_user::regrole"
        " LOOP EXECUTE format('ALTER FUNCTION %s SET search_path = public, pg_temp', one); END LOOP; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for name, when, function in ROW_TRIGGERS:
        op.execute(f"CREATE TRIGGER {name} {when} FOR EACH ROW EXECUTE FUNCTION {function}()")
    for name, when, function in DEFERRED_TRIGGERS:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER {name} AFTER {when} DEFERRABLE INITIALLY DEFERRED"
            f" FOR EACH ROW EXECUTE FUNCTION {function}()"
        )
    op.execute("REVOKE EXECUTE ON FUNCTION make_position_partition(date), position_partition_months() FROM PUBLIC")
    op.execute("GRANT EXECUTE ON FUNCTION make_position_partition(date), position_partition_months() TO zhuanche_service")
    op.execute(
        "SELECT make_position_partition((date_trunc('month', now()) + make_interval(months => n))::date)"
        " FROM generate_series(-3, 3) AS n"
    )
    _enter_shipped_notices()


def _enter_shipped_notices() -> None:
    connection = op.get_bind()
    for notice in map(load_notice, shipped_years()):
        connection.execute(
            text(
                "INSERT INTO calendar_notice (year, title, link, source, entered_by, entered_at)"
                " VALUES (:year, :title, :link, :source, 'shipped', now())"
            ),
            {"year": notice.year, "title": notice.title, "link": notice.link, "source": notice.source},
        )
        connection.execute(
            text("INSERT INTO calendar_day (day, year, name, working) VALUES (:day, :year, :name, :working)"),
            [{"day": one.day, "year": notice.year, "name": one.name, "working": one.working} for one in notice.days],
        )
