-- As in erasure/change.sql, with two tables more: the owner, in a transaction that says it erases, may replace the columns in
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
            WHEN 'finding_act' THEN ARRAY['text']
            WHEN 'paper_trip' THEN ARRAY['people', 'purpose', 'places', 'remark']
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

-- As in promises/complaint.sql, with the same door for how a complaint was received, in words.
CREATE OR REPLACE FUNCTION acted_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before record := OLD;
    after record := NEW;
BEGIN
    IF regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '') = 'complaint'
        AND current_setting('zhuanche.erases', true) = 'yes' AND pg_has_role(current_user, 'zhuanche_owner', 'USAGE')
        AND to_jsonb(before) - 'received_via' = to_jsonb(after) - 'received_via' THEN
        RETURN NEW;
    END IF;
    IF NEW.act_id = OLD.act_id THEN
        RAISE EXCEPTION 'zhuanche:no-act a row of % changes only by an act', TG_TABLE_NAME USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
