-- The bounds of domain/settings.py, once more where no code path goes round them; a test keeps the two alike.
CREATE OR REPLACE FUNCTION setting_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM (VALUES
            ('clock_skew_s', 10, 3600),
            ('deadline_warn_days', 1, 10),
            ('departure_grace_s', 0, 7200),
            ('detour_least_m', 300, 10000),
            ('detour_percent', 20, 200),
            ('devices_apart_m', 100, 2000),
            ('devices_apart_s', 60, 1800),
            ('duty_afternoon_from_min', 780, 960),
            ('duty_afternoon_until_min', 990, 1320),
            ('duty_morning_from_min', 300, 600),
            ('duty_morning_until_min', 630, 780),
            ('finding_term_days', 1, 30),
            ('findings_overdue_stop', 0, 1),
            ('fuel_deviation_percent', 10, 100),
            ('holiday_seal', 0, 1),
            ('inspection_warn_days', 7, 90),
            ('keep_answers_days', 7, 30),
            ('keep_aside_days', 30, 180),
            ('keep_device_days', 400, 1200),
            ('keep_positions_months', 24, 120),
            ('keep_sessions_days', 1, 180),
            ('late_return_s', 0, 14400),
            ('lots_least', 1, 20),
            ('lots_percent', 5, 50),
            ('moved_without_trip_m', 20, 200),
            ('note_missing_hours', 1, 72),
            ('note_near_m', 50, 2000),
            ('notice_escalate_min', 5, 1440),
            ('odometer_gap_m', 0, 5000),
            ('off_purpose_near_m', 100, 1000),
            ('off_purpose_stop_s', 180, 3600),
            ('overnight_from_min', 1200, 1439),
            ('overspeed_kmh', 60, 140),
            ('pairs_least', 5, 50),
            ('phone_silent_s', 120, 14400),
            ('photo_share_percent', 5, 50),
            ('photo_term_min', 5, 240),
            ('quiet_from_min', 0, 1439),
            ('quiet_until_min', 0, 1439),
            ('ratio_deviation_permille', 20, 200),
            ('ratio_least_trips', 3, 30),
            ('saic51_accept_days', 1, 30),
            ('saic51_mediate_days', 1, 180),
            ('service_warn_km', 100, 2000),
            ('site_tolerance_m', 0, 500),
            ('spoken_confirm_s', 3600, 86400),
            ('terminal_silent_s', 600, 604800),
            ('thin_complaint_min', 10, 1440),
            ('unobserved_after_s', 30, 1800),
            ('vehicle_near_m', 50, 2000)) AS b (name, least, most)
                   WHERE b.name = NEW.name AND jsonb_typeof(NEW.new_value -> 'value') = 'number'
                     AND (NEW.new_value ->> 'value')::numeric BETWEEN b.least AND b.most) THEN
        RAISE EXCEPTION 'zhuanche:setting-out-of-bounds % may not be %', NEW.name, NEW.new_value
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NEW;
END $$;
