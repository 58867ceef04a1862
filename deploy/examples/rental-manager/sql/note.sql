-- The one kept table that a reset writes to: a line in the installation's history.
insert into change_notes (noted_at, author, note)
values (now(), 'resetctl', 'Everything was reset; a fresh start for ' || current_setting('resetctl.company_name'));
