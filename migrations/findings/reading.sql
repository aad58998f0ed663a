-- What domain/books/readings.py says of third parties, once more: of those who drive none is one, and none puts another
-- figure in the place of what an auditor read.
CREATE FUNCTION reading_third_party_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.obtained = 'third-party' AND (NEW.occasion IN ('departure', 'return', 'breakdown')
            OR NEW.occasion IN ('spot', 'correction')
                AND NOT holds_role(NEW.bureau_id, NEW.actor_id, 'auditor')) THEN
        RAISE EXCEPTION 'zhuanche:reading-not-third-party who drives or answers for a vehicle is no third party'
            USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.corrects IS NOT NULL AND NOT holds_role(NEW.bureau_id, NEW.actor_id, 'auditor') AND EXISTS (
            SELECT 1 FROM reading w WHERE w.bureau_id = NEW.bureau_id AND w.reading_id = NEW.corrects
                AND w.obtained = 'third-party' AND w.occasion IN ('spot', 'correction')) THEN
        RAISE EXCEPTION 'zhuanche:read-by-auditor what an auditor read is corrected by an auditor' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
