-- One row: may we write here, what the server logs, how many locks there are, and whether our own tables are there or can be made.
select pg_is_in_recovery(),
       current_setting('default_transaction_read_only')::boolean,
       current_setting('log_statement'),
       current_setting('log_min_duration_statement', true),
       coalesce(current_setting('auto_explain.log_min_duration', true), '-1'),
       current_setting('synchronous_standby_names'),
       current_setting('max_locks_per_transaction')::bigint
         * (current_setting('max_connections')::bigint + current_setting('max_prepared_transactions')::bigint),
       coalesce((select has_schema_privilege(n.oid, 'USAGE')
                        and (has_schema_privilege(n.oid, 'CREATE')
                             or exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'ledger'))
                 from pg_namespace n where n.nspname = 'resetctl'),
                has_database_privilege(current_database(), 'CREATE')),
       format('%I', current_database()),
       array(select slot_name from pg_replication_slots where database = current_database() order by 1),
       current_setting('max_locks_per_transaction')::bigint
