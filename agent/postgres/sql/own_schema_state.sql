-- A fingerprint of all that the schema resetctl is and holds. The blueprint's SQL must leave it alone: it is asked before and
-- after each of its steps.
select pg_catalog.md5(coalesce(pg_catalog.string_agg(line, E'\n' order by line collate "C"), ''))
from (
  select 'target ' || t::text as line from resetctl.target t
  union all
  select 'claim ' || c::text from resetctl.claim c
  union all
  select 'ledger ' || l::text from resetctl.ledger l
  union all
  select 'witness ' || w::text from resetctl.witness w
  union all
  select pg_catalog.concat_ws(' ', 'relation', c.oid, c.relname, c.relkind, c.relowner, c.relfilenode, c.relacl, c.relhasrules,
                              c.relhastriggers, c.relrowsecurity, c.relforcerowsecurity, c.relnatts)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'resetctl'
  union all
  select pg_catalog.concat_ws(' ', 'trigger', t.oid, t.tgrelid, t.tgname, t.tgfoid, t.tgtype, t.tgenabled)
  from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'resetctl'
  union all
  select pg_catalog.concat_ws(' ', 'constraint', k.oid, k.conname, k.conrelid, pg_catalog.pg_get_constraintdef(k.oid))
  from pg_catalog.pg_constraint k join pg_catalog.pg_namespace n on n.oid = k.connamespace where n.nspname = 'resetctl'
  union all
  select pg_catalog.concat_ws(' ', 'schema', n.oid, n.nspowner, n.nspacl) from pg_catalog.pg_namespace n where n.nspname = 'resetctl'
) state
