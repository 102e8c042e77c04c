-- What queries need beyond SQL is Go's here (query_sqlite.go): nothing to make.
SELECT 1;
