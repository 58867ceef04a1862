-- Materialized views: whether ours to refresh, and whether they show anything.
select c.oid, pg_has_role(c.relowner, 'USAGE'), c.relispopulated
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
where c.relkind = 'm' and n.nspname <> 'information_schema' and n.nspname !~ '^pg_'
