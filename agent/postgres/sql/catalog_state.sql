-- A number for all of the catalog that ReadCatalog() reads and that a reset must find unchanged. Equal numbers: nobody has changed
-- a schema in between, and what was read then is true now. A row that somebody has written to has another xmin; where our
-- own TRUNCATE, RESTART or REFRESH writes too (pg_class, pg_sequence), the columns that matter are compared instead. What only has
-- a name in the texts of others (functions, types, operators) counts as well. Costs about a tenth of reading it all again.
with written (catalog, id, by) as (
  select 3, (attrelid::int8 << 16) | attnum, xmin from pg_attribute where attrelid >= 16384 and attnum > 0
  union all select 4, oid::int8, xmin from pg_attrdef
  union all select 5, oid::int8, xmin from pg_constraint where oid >= 16384
  union all select 6, oid::int8, xmin from pg_trigger
  union all select 7, indexrelid::int8, xmin from pg_index where indexrelid >= 16384
  union all select 8, (inhrelid::int8 << 32) | inhparent::int8, xmin from pg_inherits
  union all select 9, oid::int8, xmin from pg_rewrite where oid >= 16384
  union all select 10, oid::int8, xmin from pg_policy
  union all select 11, oid::int8, xmin from pg_namespace
  union all select 12, oid::int8, xmin from pg_extension
  union all select 13, oid::int8, xmin from pg_type where oid >= 16384 and typrelid = 0 and typelem = 0
  union all select 14, oid::int8, xmin from pg_proc where oid >= 16384
  union all select 15, oid::int8, xmin from pg_collation where oid >= 16384
  union all select 16, oid::int8, xmin from pg_operator where oid >= 16384
  union all select 17, oid::int8, xmin from pg_opclass where oid >= 16384
  union all select 18, (roleid::int8 << 32) | member::int8, xmin from pg_auth_members
)
select sum(line)
from (
  select hashtextextended(
           concat_ws(' ', c.oid, c.relname, c.relnamespace, c.relowner, c.relkind, c.relpersistence, c.relnatts, c.relchecks,
                     c.relhasrules, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relispartition, c.relacl), 1) as line
  from pg_class c where c.oid >= 16384 and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and c.relpersistence <> 't'
  union all select hashtextextended(c.relname::text, c.oid::int8) from pg_class c where c.oid >= 16384 and c.relkind in ('i', 'I')
  union all select hashtextextended(concat_ws(' ', s.*), 2) from pg_sequence s
  union all select hashint8extended(id, (catalog::int8 << 32) | by::text::int8) from written
  -- OWNED BY, and whose an extension's objects are
  union all select hashint8extended((d.objid::int8 << 32) | d.refobjid::int8, (19::int8 << 32) | d.refobjsubid)
            from pg_sequence s
            join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = s.seqrelid and d.objsubid = 0
                            and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
  union all select hashtextextended(concat_ws(' ', d.classid, d.objid, d.refobjid), 20)
            from pg_depend d
            where d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'
  union all select hashtextextended(concat_ws(' ', p.pubname, p.schemaname, p.tablename), 21) from pg_publication_tables p
  union all select hashtextextended(concat_ws(' ', p.oid, p.pubname, p.pubdelete, p.pubtruncate, p.pubviaroot), 24)
            from pg_publication p
  union all select hashtextextended(concat_ws(' ', s.oid, s.subdbid, s.subname), 22) from pg_subscription s
  union all select hashtextextended(concat_ws(' ', r.oid, r.rolname, r.rolsuper, r.rolbypassrls), 23) from pg_roles r
) state
