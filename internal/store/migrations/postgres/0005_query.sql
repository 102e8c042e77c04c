-- What queries need beyond SQL. The functions mean what those of the same names
-- mean that Go gives to SQLite (query_sqlite.go): MySQL's rules, NULL for what
-- cannot be.

CREATE FUNCTION rollcall_flat(x TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN octet_length(x) = length(x) THEN lower(x COLLATE "C") COLLATE "C"
    ELSE replace(translate(lower(regexp_replace(normalize(x, NFD), '[\u0300-\u036f]+', '', 'g') COLLATE "und-x-icu"), U&'\03C2', U&'\03C3'), U&'\00DF', 'ss') COLLATE "C"
  END
$$;

CREATE FUNCTION rollcall_fold(x TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT rtrim(rollcall_flat(x), ' ')
$$;

-- A pattern that ends in a lone backslash is an error to PostgreSQL.
CREATE FUNCTION rollcall_like(x TEXT, pattern TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT rollcall_flat(x) LIKE CASE WHEN pattern ~ '^([^\\]|\\.)*\\$' THEN rollcall_flat(pattern) || '\' ELSE rollcall_flat(pattern) END
$$;

CREATE FUNCTION rollcall_regexp(x TEXT, pattern TEXT) RETURNS BOOLEAN LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT x ~ pattern
$$;

-- The number that a text begins with, else 0.
CREATE FUNCTION rollcall_number(x TEXT) RETURNS NUMERIC LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT COALESCE(substring(x FROM '^[ \t\n\r]*([-+]?(?:[0-9]{1,60}(?:[.][0-9]{0,60})?|[.][0-9]{1,60})(?:[eE][-+]?[0-9]{1,2})?)')::NUMERIC, 0)
$$;

CREATE FUNCTION rollcall_datetime(x TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  m TEXT[] := COALESCE(
    regexp_match(x, '^ *([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[ T]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.][0-9]*)?)?)? *$'),
    regexp_match(x, '^ *([0-9]{4})([0-9]{2})([0-9]{2})(?:([0-9]{2})([0-9]{2})([0-9]{2}))? *$'));
BEGIN
  IF m IS NULL OR m[1]::INT < 1 OR COALESCE(m[4]::INT, 0) > 23 OR COALESCE(m[5]::INT, 0) > 59 OR COALESCE(m[6]::INT, 0) > 59 THEN
    RETURN NULL;
  END IF;
  RETURN to_char(make_timestamp(m[1]::INT, m[2]::INT, m[3]::INT, COALESCE(m[4]::INT, 0), COALESCE(m[5]::INT, 0), COALESCE(m[6]::INT, 0)), 'YYYY-MM-DD HH24:MI:SS');
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

CREATE FUNCTION rollcall_date_add(d TEXT, n NUMERIC, unit TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  r TIMESTAMP;
BEGIN
  r := d::TIMESTAMP + CASE unit
    WHEN 'YEAR' THEN make_interval(years => round(n)::INT)
    WHEN 'MONTH' THEN make_interval(months => round(n)::INT)
    WHEN 'DAY' THEN make_interval(days => round(n)::INT)
    WHEN 'HOUR' THEN make_interval(secs => 3600 * round(n))
    WHEN 'MINUTE' THEN make_interval(secs => 60 * round(n))
    ELSE make_interval(secs => round(n)) END;
  IF r < TIMESTAMP '0001-01-01' OR r >= TIMESTAMP '10000-01-01' THEN
    RETURN NULL;
  END IF;
  RETURN to_char(r, 'YYYY-MM-DD HH24:MI:SS');
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

CREATE FUNCTION rollcall_to_days(d TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (left(d, 10)::DATE - DATE '1970-01-01' + 719528)::BIGINT
$$;

CREATE FUNCTION rollcall_from_days(n NUMERIC) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN round(n) BETWEEN 366 AND 3652424 THEN to_char(DATE '1970-01-01' + (round(n) - 719528)::INT, 'YYYY-MM-DD') END
$$;

-- A week number: of the year at hand, or of the year that the week belongs to.
CREATE FUNCTION rollcall_week(d TIMESTAMP, monday BOOLEAN, whole BOOLEAN) RETURNS INT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  yday INT := extract(doy FROM d) - 1;
  wday INT := extract(dow FROM d);
BEGIN
  IF monday THEN -- the week with at least four days of the year is its first
    IF whole THEN RETURN extract(week FROM d); END IF;
    IF extract(isoyear FROM d) < extract(year FROM d) THEN RETURN 0; END IF;
    IF extract(isoyear FROM d) > extract(year FROM d) THEN RETURN extract(week FROM d - INTERVAL '7 days') + 1; END IF;
    RETURN extract(week FROM d);
  END IF;
  IF whole AND (yday + 7 - wday) / 7 = 0 THEN -- the first Sunday begins the first week
    RETURN rollcall_week(date_trunc('year', d) - INTERVAL '1 day', FALSE, FALSE);
  END IF;
  RETURN (yday + 7 - wday) / 7;
END $$;

CREATE FUNCTION rollcall_date_format(d TEXT, format TEXT) RETURNS TEXT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  t TIMESTAMP := CASE WHEN length(d) = 10 THEN d || ' 00:00:00' ELSE d END::TIMESTAMP;
  out TEXT := '';
  i INT := 1;
  c TEXT;
BEGIN
  WHILE i <= length(format) LOOP
    c := substr(format, i, 1);
    i := i + 1;
    IF c <> '%' OR i > length(format) THEN
      out := out || c;
      CONTINUE;
    END IF;
    c := substr(format, i, 1);
    i := i + 1;
    out := out || CASE c
      WHEN 'a' THEN to_char(t, 'Dy') WHEN 'W' THEN to_char(t, 'FMDay') WHEN 'w' THEN to_char(extract(dow FROM t), 'FM9')
      WHEN 'b' THEN to_char(t, 'Mon') WHEN 'M' THEN to_char(t, 'FMMonth') WHEN 'm' THEN to_char(t, 'MM') WHEN 'c' THEN to_char(t, 'FMMM')
      WHEN 'd' THEN to_char(t, 'DD') WHEN 'e' THEN to_char(t, 'FMDD') WHEN 'D' THEN to_char(t, 'FMDDth') WHEN 'j' THEN to_char(t, 'DDD')
      WHEN 'Y' THEN to_char(t, 'YYYY') WHEN 'y' THEN to_char(t, 'YY')
      WHEN 'H' THEN to_char(t, 'HH24') WHEN 'k' THEN to_char(t, 'FMHH24') WHEN 'h' THEN to_char(t, 'HH12') WHEN 'I' THEN to_char(t, 'HH12')
      WHEN 'l' THEN to_char(t, 'FMHH12') WHEN 'i' THEN to_char(t, 'MI') WHEN 's' THEN to_char(t, 'SS') WHEN 'S' THEN to_char(t, 'SS')
      WHEN 'f' THEN '000000' WHEN 'p' THEN to_char(t, 'AM') WHEN 'r' THEN to_char(t, 'HH12:MI:SS AM') WHEN 'T' THEN to_char(t, 'HH24:MI:SS')
      WHEN 'U' THEN to_char(rollcall_week(t, FALSE, FALSE), 'FM00') WHEN 'u' THEN to_char(rollcall_week(t, TRUE, FALSE), 'FM00')
      WHEN 'V' THEN to_char(rollcall_week(t, FALSE, TRUE), 'FM00') WHEN 'v' THEN to_char(rollcall_week(t, TRUE, TRUE), 'FM00')
      WHEN 'X' THEN to_char(t - extract(dow FROM t) * INTERVAL '1 day', 'YYYY') WHEN 'x' THEN to_char(t, 'IYYY')
      ELSE c END;
  END LOOP;
  RETURN out;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END $$;

CREATE FUNCTION rollcall_substr(x TEXT, pos NUMERIC) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE
    WHEN round(pos) BETWEEN 1 AND length(x) THEN substr(x, round(pos)::INT)
    WHEN round(pos) BETWEEN -length(x) AND -1 THEN substr(x, (length(x) + round(pos) + 1)::INT)
    ELSE '' END
$$;

CREATE FUNCTION rollcall_substr(x TEXT, pos NUMERIC, len NUMERIC) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT left(rollcall_substr(x, pos), LEAST(GREATEST(round(len), 0), 1000000000)::INT)
$$;

CREATE FUNCTION rollcall_round(x NUMERIC, digits NUMERIC) RETURNS NUMERIC LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT round(x, LEAST(GREATEST(round(digits), -30), 30)::INT)
$$;

-- 64 bits; what is beyond them is cut to the nearest.
CREATE FUNCTION rollcall_bits(op TEXT, a NUMERIC, b NUMERIC) RETURNS BIGINT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  x BIGINT := LEAST(GREATEST(round(a), -9223372036854775808), 9223372036854775807)::BIGINT;
  y BIGINT := LEAST(GREATEST(round(b), -9223372036854775808), 9223372036854775807)::BIGINT;
BEGIN
  RETURN CASE op
    WHEN '&' THEN x & y WHEN '|' THEN x | y WHEN '^' THEN x # y
    ELSE CASE WHEN y NOT BETWEEN 0 AND 63 THEN 0 WHEN op = '<<' THEN x << y::INT ELSE x >> y::INT END END;
END $$;

CREATE FUNCTION rollcall_aton(x TEXT) RETURNS BIGINT LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
  m TEXT[] := regexp_match(x, '^([0-9]{1,3})[.]([0-9]{1,3})[.]([0-9]{1,3})[.]([0-9]{1,3})$');
BEGIN
  IF m IS NULL OR GREATEST(m[1]::INT, m[2]::INT, m[3]::INT, m[4]::INT) > 255 THEN
    RETURN NULL;
  END IF;
  RETURN ((m[1]::BIGINT * 256 + m[2]::BIGINT) * 256 + m[3]::BIGINT) * 256 + m[4]::BIGINT;
END $$;

CREATE FUNCTION rollcall_ntoa(n NUMERIC) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT CASE WHEN round(n) BETWEEN 0 AND 4294967295 THEN
    concat_ws('.', div(round(n), 16777216), mod(div(round(n), 65536), 256), mod(div(round(n), 256), 256), mod(round(n), 256)) END
$$;
