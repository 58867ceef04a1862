-- Published tables; the view knows every way to publish (table, schema, all) in every version.
select p.pubname, c.oid
from pg_publication_tables p
join pg_namespace n on n.nspname = p.schemaname
join pg_class c on c.relnamespace = n.oid and c.relname = p.tablename
