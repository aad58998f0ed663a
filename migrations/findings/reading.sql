-- What domain/books/readings.py says of third parties, once more: of those who drive none is one.
CREATE FUNCTION reading_third_party_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.obtained = 'third-party' AND (NEW.occasion IN ('departure', 'return', 'breakdown')
            OR NEW.occasion IN ('spot', 'correction')
                AND NOT holds_role(NEW.bureau_id, NEW.actor_id, 'auditor')) THEN
        RAISE EXCEPTION 'zhuanche:reading-not-third-party who drives or answers for a vehicle is no third party'
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
