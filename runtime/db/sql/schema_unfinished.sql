-- How many runs have not ended.
SELECT count(*) FROM headgate.run WHERE state NOT IN ('done', 'rolled_back', 'aborted')
