DROP INDEX shop.people_name;
