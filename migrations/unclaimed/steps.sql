-- A file that nothing names is retired after its time, and kept again when it is sent again (domain/retention.py). Whoever is
-- to name a file holds it by a lock first (api/db/queries/attachments.py); here it is looked at once more what names it.
CREATE FUNCTION file_is_named(of_bureau text, of_file text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN EXISTS (SELECT 1 FROM note_attachment WHERE bureau_id = of_bureau AND sha256 = of_file)
        OR EXISTS (SELECT 1 FROM form_media WHERE bureau_id = of_bureau AND sha256 = of_file)
        OR EXISTS (SELECT 1 FROM finding_attachment WHERE bureau_id = of_bureau AND sha256 = of_file)
        OR EXISTS (SELECT 1 FROM reading_photo WHERE bureau_id = of_bureau AND sha256 = of_file)
        OR EXISTS (SELECT 1 FROM reading WHERE bureau_id = of_bureau AND photo_sha256 = of_file)
        OR EXISTS (SELECT 1 FROM vehicle_document WHERE bureau_id = of_bureau AND sha256 = of_file)
        OR EXISTS (SELECT 1 FROM vehicle_cost WHERE bureau_id = of_bureau AND receipt_sha256 = of_file)
        OR EXISTS (SELECT 1 FROM withheld_file WHERE bureau_id = of_bureau AND sha256 = of_file);
END $$;

CREATE FUNCTION attachment_step_holds() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    of_bureau text := NEW.bureau_id;
    of_file text := NEW.sha256;
    of_no int := NEW.no;
    last_no int;
    kept_at timestamptz;
    kept int := bureau_setting(NEW.bureau_id, 'keep_unclaimed_days', 90);
BEGIN
    SELECT recorded_at INTO kept_at FROM attachment WHERE bureau_id = of_bureau AND sha256 = of_file;
    SELECT coalesce(max(no), 0), greatest(kept_at, max(recorded_at)) INTO last_no, kept_at
        FROM attachment_step WHERE bureau_id = of_bureau AND sha256 = of_file AND no <> of_no;
    IF NEW.no <> last_no + 1 OR (NEW.step = 'retired') <> (NEW.no % 2 = 1) THEN
        RAISE EXCEPTION 'zhuanche:file-step-out-of-turn % does not follow', NEW.step USING ERRCODE = 'ZC001';
    END IF;
    IF NEW.step = 'retired' AND (kept_at IS NULL OR kept_at > now() - interval '30 days'
        OR kept_at > NEW.recorded_at - make_interval(days => kept) OR file_is_named(of_bureau, of_file)) THEN
        RAISE EXCEPTION 'zhuanche:file-named % is kept for its time, and while something names it', of_file
            USING ERRCODE = 'ZC001';
    END IF;
    RETURN NULL;
END $$;
