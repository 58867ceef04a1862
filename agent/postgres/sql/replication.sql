-- One row: our role, subscriptions of this database, standbys (a reader of a logical slot is none, nor is a base backup).
select current_user,
       array(select s.subname from pg_subscription s
             join pg_database b on b.oid = s.subdbid and b.datname = current_database() order by 1),
       (select count(*) from pg_stat_replication r
        where r.state is distinct from 'backup'
          and not exists (select from pg_replication_slots s where s.active_pid = r.pid and s.slot_type = 'logical'))
