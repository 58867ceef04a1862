-- The administrator, from the agent's environment. The password itself never comes here, only its
-- bcrypt hash. No NOT NULL column of `users` but the key has a default, so all of them are named.
insert into users (username, email, password_hash, full_name, user_type, status, is_active, is_superuser,
                   is_verified, failed_login_attempts, created_at, updated_at)
values (current_setting('resetctl.admin_username'),
        lower(current_setting('resetctl.admin_email')),
        current_setting('resetctl.admin_password_hash'),
        current_setting('resetctl.admin_full_name'),
        'superadmin', 'active', true, true, true, 0, now(), now());
