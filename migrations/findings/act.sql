-- What domain/findings/life.py says of words about a finding, once more: the custodian explains, an auditor who explained
-- nothing of it rules on what was explained, one word after the other, and none about what was cleared or accepted. What
-- got graver than what was accepted is explained anew.
CREATE FUNCTION finding_act_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last record;
    became record;
    reopened boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('finding ' || NEW.bureau_id || NEW.finding_id, 0));
    IF NOT holds_role(NEW.bureau_id, NEW.actor_id, CASE NEW.verb WHEN 'explain' THEN 'custodian' ELSE 'auditor' END) THEN
        RAISE EXCEPTION 'zhuanche:finding-act-by-another the custodian explains, the auditor rules'
            USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.text !~ '[^[:space:]　]' THEN
        RAISE EXCEPTION 'zhuanche:finding-act-says-nothing who explains or rules says something'
            USING ERRCODE = 'ZC001';
    END IF;
    SELECT a.verb, a.recorded_at INTO last FROM finding_act a WHERE a.bureau_id = NEW.bureau_id
        AND a.finding_id = NEW.finding_id AND a.act_id <> NEW.act_id
        ORDER BY a.recorded_at DESC, a.act_id DESC LIMIT 1;
    SELECT u.what INTO became FROM finding_update u WHERE u.bureau_id = NEW.bureau_id
        AND u.finding_id = NEW.finding_id ORDER BY u.no DESC LIMIT 1;
    reopened := EXISTS (SELECT 1 FROM finding_update g WHERE g.bureau_id = NEW.bureau_id
        AND g.finding_id = NEW.finding_id AND g.what = 'graver' AND g.recorded_at > last.recorded_at);
    IF last.recorded_at >= NEW.recorded_at OR became.what = 'cleared'
        OR last.verb = 'accept' AND NOT reopened
        OR NEW.verb <> 'explain' AND last.verb IS DISTINCT FROM 'explain' THEN
        RAISE EXCEPTION 'zhuanche:finding-act-out-of-turn % does not follow % now', NEW.verb, last.verb
            USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.verb <> 'explain' AND EXISTS (SELECT 1 FROM finding_act e WHERE e.bureau_id = NEW.bureau_id
            AND e.finding_id = NEW.finding_id AND e.verb = 'explain' AND e.actor_id = NEW.actor_id) THEN
        RAISE EXCEPTION 'zhuanche:own-explanation nobody rules on what they explained' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
