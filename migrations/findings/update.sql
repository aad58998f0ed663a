-- What domain/findings/life.py says may follow, once more: a finding goes on step by step, and never as a flood.
CREATE FUNCTION finding_update_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    raised finding%ROWTYPE;
    last finding_update%ROWTYPE;
    was_what text;
    was_colour text;
    was_at timestamptz;
BEGIN
    SELECT * INTO raised FROM finding WHERE bureau_id = NEW.bureau_id AND finding_id = NEW.finding_id;
    SELECT * INTO last FROM finding_update WHERE bureau_id = NEW.bureau_id AND finding_id = NEW.finding_id AND no < NEW.no
        ORDER BY no DESC LIMIT 1;
    -- Two who add at once take the same number, and the key lets one of them in.
    IF NEW.no <> coalesce(last.no, 0) + 1 THEN
        RAISE EXCEPTION 'zhuanche:finding-update-follows updates of a finding are counted' USING ERRCODE = 'ZC001';
    END IF;
    was_what := coalesce(last.what, 'raised');
    was_colour := coalesce(last.colour, raised.colour);
    was_at := coalesce(last.recorded_at, raised.recorded_at);
    IF NEW.recorded_at <= was_at OR (CASE NEW.what
            WHEN 'lasts' THEN was_what = 'cleared'
                OR NEW.colour = was_colour AND NEW.recorded_at >= was_at + interval '3 minutes'
            WHEN 'graver' THEN NEW.colour = 'red' AND was_colour = 'yellow'
            WHEN 'ended' THEN NEW.colour = was_colour AND was_what NOT IN ('cleared', 'ended')
            WHEN 'cleared' THEN was_what <> 'cleared'
            ELSE false END) IS NOT TRUE THEN
        RAISE EXCEPTION 'zhuanche:finding-update-follows % does not follow % now', NEW.what, was_what
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
