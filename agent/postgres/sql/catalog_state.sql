-- A number for all of the catalog that ReadCatalog() reads and that a reset must find unchanged. Equal numbers: nobody has changed
-- a schema in between, and what was read then is true now. A row that somebody has written to has another xmin; where our
-- own TRUNCATE, RESTART or REFRESH writes too (pg_class, pg_sequence), the columns that matter are compared instead. Costs
-- about 5% of reading it all again.
select sum(hashtextextended(line, 0))
from (
  select concat_ws(' ', 1, c.oid, c.relname, c.relnamespace, c.relowner, c.relkind, c.relpersistence, c.relnatts, c.relchecks,
                   c.relhasrules, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relacl) as line
  from pg_class c where c.oid >= 16384 and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.relpersistence <> 't'
  union all select concat_ws(' ', 2, s.*) from pg_sequence s
  union all select concat_ws(' ', 3, xmin, attrelid, attnum) from pg_attribute where attrelid >= 16384 and attnum > 0
  union all select concat_ws(' ', 4, xmin, oid) from pg_attrdef
  union all select concat_ws(' ', 5, xmin, oid) from pg_constraint where oid >= 16384
  union all select concat_ws(' ', 6, xmin, oid) from pg_trigger
  union all select concat_ws(' ', 7, xmin, indexrelid) from pg_index where indexrelid >= 16384
  union all select concat_ws(' ', 8, xmin, inhrelid, inhparent) from pg_inherits
  union all select concat_ws(' ', 9, xmin, oid) from pg_rewrite where oid >= 16384
  union all select concat_ws(' ', 10, xmin, oid) from pg_policy
  union all select concat_ws(' ', 11, xmin, oid) from pg_namespace
  union all select concat_ws(' ', 12, xmin, oid) from pg_publication
  union all select concat_ws(' ', 13, xmin, oid) from pg_publication_rel
  union all select concat_ws(' ', 14, xmin, oid) from pg_extension
  union all select concat_ws(' ', 15, xmin, oid) from pg_type where oid >= 16384 and typtype in ('d', 'e')
  union all select concat_ws(' ', 16, a.xmin, a.roleid, a.member) from pg_auth_members a
  union all select concat_ws(' ', 17, r.oid, r.rolname, r.rolsuper, r.rolbypassrls) from pg_roles r
) state
