-- Columns that take their values from the sequences $1: the owning column (serial, identity) and every default that names the
-- sequence. Numbers only: 'RE-' || nextval(...) says nothing about the sequence.
select distinct s.seqrelid,
       pg_catalog.format('%I.%I', n.nspname, c.relname),
       pg_catalog.quote_ident(a.attname),
       s.seqincrement > 0,
       s.seqmin,
       s.seqmax,
       c.relkind = 'p',
       c.oid
from pg_catalog.pg_sequence s
join lateral (
  select d.refobjid as relid, d.refobjsubid as attnum
  from pg_catalog.pg_depend d
  where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = s.seqrelid
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjsubid > 0
    and d.deptype in ('a', 'i')
  union
  select ad.adrelid, ad.adnum
  from pg_catalog.pg_depend d
  join pg_catalog.pg_attrdef ad on ad.oid = d.objid
  where d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = s.seqrelid
) used on true
join pg_catalog.pg_attribute a on a.attrelid = used.relid and a.attnum = used.attnum and not a.attisdropped
join pg_catalog.pg_class c on c.oid = a.attrelid and c.relkind in ('r', 'p')
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where s.seqrelid = any ($1::oid[])
  and a.atttypid = any ('{int2,int4,int8,numeric}'::pg_catalog.regtype[])
order by 1, 2, 3
