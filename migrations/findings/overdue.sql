-- Whether a finding of the vehicle was not explained within its term: one that was cleared needs no explanation, and a
-- bureau may set that none stops a trip.
CREATE OR REPLACE FUNCTION findings_overdue(of_bureau text, of_vehicle uuid, by_then timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN bureau_setting(of_bureau, 'findings_overdue_stop', 1) = 1 AND EXISTS (
        SELECT 1 FROM finding f WHERE f.bureau_id = of_bureau AND f.vehicle_id = of_vehicle AND f.term_at < by_then
        AND NOT EXISTS (SELECT 1 FROM finding_act a WHERE a.bureau_id = of_bureau
                        AND a.finding_id = f.finding_id AND a.verb = 'explain')
        AND NOT EXISTS (SELECT 1 FROM finding_update c WHERE c.bureau_id = of_bureau
                        AND c.finding_id = f.finding_id AND c.what = 'cleared'
                        AND NOT EXISTS (SELECT 1 FROM finding_update l WHERE l.bureau_id = of_bureau
                                        AND l.finding_id = f.finding_id AND l.no > c.no)));
END $$;
