-- No statement looks inside the lines but those of audits and releases: they are kept as they are written. jsonb would be taken apart for nothing.
ALTER TABLE reservations ALTER COLUMN lines TYPE json USING lines::text::json;

-- Ends a statement, and with it its transaction, in which not everything was as it had to be.
CREATE FUNCTION not_all_held() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'not all of these reservations can be held as they are' USING ERRCODE = 'ST001';
END
$$;
