-- The columns of the tables $1 as the row loader needs them: type and expressions as SQL text, and the operator that finds a
-- key again. That is the equality of the type's own btree operator class where it lies beside the type (citext), otherwise
-- pg_catalog's, which takes every enum, array, range and domain: no operator is left to a search path.
select a.attrelid,
       a.attname,
       format_type(a.atttypid, a.atttypmod),
       case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text else '' end,
       a.attgenerated <> '',
       case when a.attgenerated <> '' then ''
            when a.attidentity <> ''
            then format('nextval(%L::regclass)', pg_get_serial_sequence(a.attrelid::regclass::text, a.attname))
            else coalesce(pg_get_expr(f.adbin, f.adrelid), pg_get_expr(t.typdefaultbin, 0), '') end,
       format('operator(%I.=)', coalesce(own.schema, 'pg_catalog')),
       k.conrelid is not null
from pg_attribute a
join pg_type t on t.oid = a.atttypid
left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
left join pg_constraint k on k.conrelid = a.attrelid and k.contype = 'p' and a.attnum = any (k.conkey)
left join lateral (
  with recursive base (oid, above, schema) as (
    select t.oid, t.typbasetype, t.typnamespace
    union all
    select b.oid, b.typbasetype, b.typnamespace from base join pg_type b on b.oid = base.above
  )
  select n.nspname as schema
  from base
  join pg_operator o on o.oprname = '=' and o.oprleft = base.oid and o.oprright = base.oid
                    and o.oprnamespace = base.schema
  join pg_namespace n on n.oid = o.oprnamespace
  where base.above = 0
    and exists (select from pg_amop m join pg_am am on am.oid = m.amopmethod
                where m.amopopr = o.oid and m.amopstrategy = 3 and am.amname = 'btree')
) own on true
where a.attrelid = any ($1::oid[]) and a.attnum > 0 and not a.attisdropped
order by a.attrelid, a.attnum
