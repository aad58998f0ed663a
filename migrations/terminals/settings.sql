-- The bounds of domain/settings.py, once more where no code path goes round them; a test keeps the two alike.
CREATE OR REPLACE FUNCTION setting_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM (VALUES
            ('clock_skew_s', 10, 3600),
            ('departure_grace_s', 0, 7200),
            ('duty_afternoon_from_min', 780, 960),
            ('duty_afternoon_until_min', 990, 1320),
            ('duty_morning_from_min', 300, 600),
            ('duty_morning_until_min', 630, 780),
            ('finding_term_days', 1, 30),
            ('note_near_m', 50, 2000),
            ('phone_silent_s', 120, 14400),
            ('saic51_accept_days', 1, 30),
            ('saic51_mediate_days', 1, 180),
            ('site_tolerance_m', 0, 500),
            ('spoken_confirm_s', 3600, 86400),
            ('terminal_silent_s', 600, 604800),
            ('unobserved_after_s', 30, 1800),
            ('vehicle_near_m', 50, 2000)) AS b (name, least, most)
                   WHERE b.name = NEW.name AND jsonb_typeof(NEW.new_value -> 'value') = 'number'
                     AND (NEW.new_value ->> 'value')::numeric BETWEEN b.least AND b.most) THEN
        RAISE EXCEPTION 'zhuanche:setting-out-of-bounds % may not be %', NEW.name, NEW.new_value
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
