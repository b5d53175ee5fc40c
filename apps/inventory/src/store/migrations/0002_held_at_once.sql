-- Ends a statement, and with it its transaction, in which not everything was as it had to be.
CREATE FUNCTION not_all_held() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'not all of these reservations can be held as they are' USING ERRCODE = 'ST001';
END
$$;
