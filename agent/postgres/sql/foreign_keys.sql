-- Foreign keys as they were declared (the copies that partitions get have a conparentid), with the column names, and
-- whether an index can find the referencing rows.
select k.oid,
       k.conname,
       k.conrelid,
       k.confrelid,
       k.confdeltype,
       k.condeferrable,
       exists (select from pg_index i
               where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
                 and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
                 and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] <@ k.conkey),
       array(select a.attname from unnest(k.conkey) with ordinality u (attnum, at)
             join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum order by u.at),
       array(select a.attname from unnest(k.confkey) with ordinality u (attnum, at)
             join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.attnum order by u.at)
from pg_constraint k
where k.contype = 'f' and k.conparentid = 0
