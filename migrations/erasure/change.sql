-- As in promises/append_only.sql, with one door: the owner, in a transaction that says it erases, may replace the columns in
-- which personal data stands, and no other (domain/erasure.py). Who serves holds no grant to change any of these tables.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before record;
    after record;
    open text[];
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('zhuanche.erases', true) = 'yes'
        AND pg_has_role(current_user, 'zhuanche_owner', 'USAGE') THEN
        -- A shard bears its table's name and a number.
        open := CASE regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '')
            WHEN 'complaint_particulars' THEN ARRAY['complainant_name', 'complainant_telephone', 'complainant_address',
                'respondent_name', 'respondent_credit_code', 'respondent_address', 'respondent_telephone', 'claim',
                'facts', 'reason']
            WHEN 'complaint_act' THEN ARRAY['detail']
            WHEN 'job_act' THEN ARRAY['reason']
            WHEN 'visit_note' THEN ARRAY['body']
            WHEN 'visit_note_conflict' THEN ARRAY['body']
            WHEN 'note_attachment' THEN ARRAY['name']
            WHEN 'signed_act' THEN ARRAY['jws']
            WHEN 'signed_act_outcome' THEN ARRAY['problem']
            WHEN 'call_back' THEN ARRAY['remark']
            WHEN 'trip_passenger' THEN ARRAY['name']
            WHEN 'ledger_payload' THEN ARRAY['person', 'person_salt', 'place', 'place_salt', 'erased_at']
        END;
        before := OLD;
        after := NEW;
        IF open IS NOT NULL AND to_jsonb(before) - open = to_jsonb(after) - open THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'zhuanche:append-only rows of % are never changed or deleted', TG_TABLE_NAME
        USING ERRCODE = 'ZC006';
END $$;

-- As in terminals/device.sql; its answers go with the rest.
CREATE OR REPLACE FUNCTION submission_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before record := OLD;
    after record := NEW;
BEGIN
    IF current_setting('zhuanche.erases', true) = 'yes' AND pg_has_role(current_user, 'zhuanche_owner', 'USAGE')
        AND to_jsonb(before) - 'xml' = to_jsonb(after) - 'xml' THEN
        RETURN NEW;
    END IF;
    IF OLD.note_id IS NOT NULL OR NEW.conflict THEN
        RAISE EXCEPTION 'zhuanche:append-only a submission becomes a visit note once' USING ERRCODE = 'ZC006';
    END IF;
    RETURN NEW;
END $$;

-- Two people of the bureau decide, who may; the second is another. No step but from the one before it.
CREATE FUNCTION erasure_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_bureau text := NEW.bureau_id;
    of_complaint uuid := NEW.complaint_id;
    before text;
BEGIN
    IF NOT (holds_role(of_bureau, NEW.decided_by, 'custodian') OR holds_role(of_bureau, NEW.decided_by, 'desk_chief'))
        OR NOT (holds_role(of_bureau, NEW.confirmed_by, 'custodian')
            OR holds_role(of_bureau, NEW.confirmed_by, 'desk_chief')
            OR holds_role(of_bureau, NEW.confirmed_by, 'auditor')) THEN
        RAISE EXCEPTION 'zhuanche:not-erasable two who head the bureau, or one and the auditor, decide'
            USING ERRCODE = 'ZC001';
    END IF;
    SELECT step INTO before FROM erasure WHERE bureau_id = of_bureau AND complaint_id = of_complaint AND no = NEW.no - 1;
    IF NOT coalesce(CASE NEW.step WHEN 'restricted' THEN coalesce(before, 'lifted') <> 'restricted'
        ELSE before = 'restricted' END, false) THEN
        RAISE EXCEPTION 'zhuanche:not-erasable % does not follow on %', NEW.step, before USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
