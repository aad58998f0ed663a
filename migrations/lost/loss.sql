-- What a phone lost is told by the key's own person, and the custodian answers for what was told. How many acts are not here
-- is counted by the use case (report_loss); held here is only that it is no more than were made (the table's own check).
CREATE FUNCTION chain_loss_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.step = 'reported' THEN
        IF NOT EXISTS (SELECT 1 FROM device_key k WHERE k.bureau_id = NEW.bureau_id AND k.key_id = NEW.key_id
                       AND k.person_id = NEW.actor_id) THEN
            RAISE EXCEPTION 'zhuanche:not-your-key what a phone lost is told by its person' USING ERRCODE = 'ZC001';
        END IF;
    ELSIF NOT (holds_role(NEW.bureau_id, NEW.actor_id, 'custodian') OR holds_role(NEW.bureau_id, NEW.actor_id, 'desk_chief'))
    THEN
        RAISE EXCEPTION 'zhuanche:not-the-custodian who answers for lost acts heads the unit' USING ERRCODE = 'ZC001';
    ELSIF NOT EXISTS (SELECT 1 FROM chain_loss l WHERE l.bureau_id = NEW.bureau_id AND l.key_id = NEW.key_id
                      AND l.step = 'reported' AND l.made = NEW.made AND l.lost = NEW.lost) THEN
        RAISE EXCEPTION 'zhuanche:no-such-loss what is answered for was told so' USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
