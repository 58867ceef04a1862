-- All schemas but the system's and temporary ones; names that begin with pg_ are PostgreSQL's own.
select nspname
from pg_namespace
where nspname <> 'information_schema' and nspname !~ '^pg_'
