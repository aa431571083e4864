-- Forgets which transactions of the runs $1 (an array) wrote what.
DELETE FROM headgate.wrote WHERE run = ANY ($1::bigint[])
