-- Whether a finding of the vehicle was not explained within its term (domain/findings/life.py): an explanation that was
-- rejected or asked back, or accepted before the finding got graver, explains it no longer, and the term runs anew from
-- then. One that was cleared needs no explanation, and a bureau may set that none stops a trip.
CREATE OR REPLACE FUNCTION findings_overdue(of_bureau text, of_vehicle uuid, by_then timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN bureau_setting(of_bureau, 'findings_overdue_stop', 1) = 1 AND EXISTS (
        SELECT 1 FROM (
            SELECT f.finding_id, f.recorded_at, f.term_at, greatest(
                (SELECT max(j.recorded_at) FROM finding_act j WHERE j.bureau_id = of_bureau
                    AND j.finding_id = f.finding_id AND j.verb IN ('reject', 'ask')),
                (SELECT max(g.recorded_at) FROM finding_update g WHERE g.bureau_id = of_bureau
                    AND g.finding_id = f.finding_id AND g.what = 'graver' AND EXISTS (SELECT 1 FROM finding_act a
                        WHERE a.bureau_id = of_bureau AND a.finding_id = f.finding_id AND a.verb = 'accept'
                        AND a.recorded_at < g.recorded_at))) AS reopened_at
            FROM finding f WHERE f.bureau_id = of_bureau AND f.vehicle_id = of_vehicle) w
        WHERE coalesce(w.reopened_at, w.recorded_at) + (w.term_at - w.recorded_at) < by_then
        AND NOT EXISTS (SELECT 1 FROM finding_act e WHERE e.bureau_id = of_bureau
                        AND e.finding_id = w.finding_id AND e.verb = 'explain'
                        AND e.recorded_at > coalesce(w.reopened_at, '-infinity'))
        AND NOT EXISTS (SELECT 1 FROM finding_update c WHERE c.bureau_id = of_bureau
                        AND c.finding_id = w.finding_id AND c.what = 'cleared'
                        AND NOT EXISTS (SELECT 1 FROM finding_update l WHERE l.bureau_id = of_bureau
                                        AND l.finding_id = w.finding_id AND l.no > c.no)));
END $$;
