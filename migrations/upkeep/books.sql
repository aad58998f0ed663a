-- What SQL may not say of orders, costs, cards and seals past the use cases. All deferred: they see the transaction whole.

-- An order goes to a registered place that is registered still, for its kind of upkeep, or says why it does not.
CREATE FUNCTION upkeep_place_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.place_id IS NOT NULL AND (NOT EXISTS (SELECT 1 FROM upkeep_place p WHERE p.bureau_id = NEW.bureau_id
                AND p.place_id = NEW.place_id AND NEW.upkeep = ANY (p.kinds))
            OR EXISTS (SELECT 1 FROM upkeep_place_retired r WHERE r.bureau_id = NEW.bureau_id
                AND r.place_id = NEW.place_id)) THEN
        PERFORM refuse_codes(ARRAY['place-not-registered']);
    END IF;
    RETURN NULL;
END $$;

-- A cost is of a use of its own vehicle and rests on a reading of it; a correction stands for one cost of the vehicle,
-- at its time: moved to another month it would leave the wrong one standing there.
CREATE FUNCTION vehicle_cost_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wrong record;
BEGIN
    IF NEW.use_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM vehicle_use u WHERE u.bureau_id = NEW.bureau_id
            AND u.use_id = NEW.use_id AND u.vehicle_id = NEW.vehicle_id AND u.actual_from IS NOT NULL) THEN
        PERFORM refuse_codes(ARRAY['cost-of-another-use']);
    END IF;
    IF NEW.reading_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM reading r WHERE r.bureau_id = NEW.bureau_id
            AND r.reading_id = NEW.reading_id AND r.vehicle_id = NEW.vehicle_id) THEN
        PERFORM refuse_codes(ARRAY['cost-of-another-use']);
    END IF;
    IF NEW.corrects IS NULL THEN RETURN NULL; END IF;
    SELECT vehicle_id, use_id, incurred_at, recorded_at, cost_id INTO wrong FROM vehicle_cost
        WHERE bureau_id = NEW.bureau_id AND cost_id = NEW.corrects;
    IF (wrong.vehicle_id, wrong.use_id, wrong.incurred_at)
            IS DISTINCT FROM (NEW.vehicle_id, NEW.use_id, NEW.incurred_at)
        OR (wrong.recorded_at, wrong.cost_id) >= (NEW.recorded_at, NEW.cost_id) THEN
        PERFORM refuse_codes(ARRAY['cost-correction-unfounded']);
    END IF;
    RETURN NULL;
END $$;

-- A statement has the lines that it counts, and sums to what it says.
CREATE FUNCTION card_statement_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    s record;
    l record;
BEGIN
    SELECT line_count, total_fen, entry_id INTO s FROM card_statement
        WHERE bureau_id = NEW.bureau_id AND statement_id = NEW.statement_id;
    SELECT count(*) AS lines, sum(amount_fen) AS total, bool_and(entry_id = s.entry_id) AS entered INTO l
        FROM card_line WHERE bureau_id = NEW.bureau_id AND statement_id = NEW.statement_id;
    IF (l.lines, l.total, l.entered) IS DISTINCT FROM (s.line_count::bigint, s.total_fen::numeric, true) THEN
        PERFORM refuse_codes(ARRAY['statement-sums-differ']);
    END IF;
    RETURN NULL;
END $$;

-- One cost is one line: what is matched is a cost of the statement's kind that was not corrected, and no other line's.
CREATE FUNCTION card_match_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.cost_id IS NULL THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('card match ' || NEW.bureau_id || NEW.cost_id, 0));
    IF NOT EXISTS (SELECT 1 FROM vehicle_cost c JOIN card_statement s ON s.bureau_id = c.bureau_id
            WHERE c.bureau_id = NEW.bureau_id AND c.cost_id = NEW.cost_id AND s.statement_id = NEW.statement_id
              AND (s.kind = 'fuel' AND c.kind = 'fuel' OR s.kind = 'toll' AND c.kind IN ('toll', 'parking')))
        OR EXISTS (SELECT 1 FROM vehicle_cost k WHERE k.bureau_id = NEW.bureau_id AND k.corrects = NEW.cost_id) THEN
        PERFORM refuse_codes(ARRAY['cost-does-not-fit']);
    END IF;
    IF EXISTS (SELECT 1 FROM card_match m WHERE m.bureau_id = NEW.bureau_id AND m.cost_id = NEW.cost_id
            AND (m.statement_id, m.line_no) <> (NEW.statement_id, NEW.line_no)
            AND NOT EXISTS (SELECT 1 FROM card_match n WHERE n.bureau_id = NEW.bureau_id
                AND n.statement_id = m.statement_id AND n.line_no = m.line_no
                AND (n.recorded_at, n.match_id) > (m.recorded_at, m.match_id))) THEN
        PERFORM refuse_codes(ARRAY['cost-matched-already']);
    END IF;
    RETURN NULL;
END $$;

-- Seals go on in time, none is put on twice, and each act has a reading of the vehicle at that instant. Unsealed twice is
-- right: the calendar of a holiday seals too (domain/duty.py).
CREATE FUNCTION holiday_seal_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    earlier record;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('seal ' || NEW.bureau_id || NEW.vehicle_id, 0));
    SELECT verb, at INTO earlier FROM holiday_seal
        WHERE bureau_id = NEW.bureau_id AND vehicle_id = NEW.vehicle_id AND seal_id <> NEW.seal_id
          AND (recorded_at, seal_id) < (NEW.recorded_at, NEW.seal_id)
        ORDER BY recorded_at DESC, seal_id DESC LIMIT 1;
    IF earlier.at >= NEW.at OR (earlier.verb, NEW.verb) = ('seal', 'seal') OR NEW.at > NEW.recorded_at + interval '5 minutes' THEN
        PERFORM refuse_codes(ARRAY['seal-out-of-turn']);
    END IF;
    IF NOT EXISTS (SELECT 1 FROM reading r WHERE r.bureau_id = NEW.bureau_id AND r.reading_id = NEW.reading_id
            AND r.vehicle_id = NEW.vehicle_id AND r.read_at = NEW.at) THEN
        PERFORM refuse_codes(ARRAY['seal-without-reading']);
    END IF;
    RETURN NULL;
END $$;
