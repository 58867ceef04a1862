-- Who may do what.

-- The admin's role: everything (32).
insert into role_permissions (role_id, permission_id, granted_at)
select r.id, p.id, now() from roles r, permissions p where r.name = 'admin';

-- The manager's: all about the business, reports but their deletion, accounts only to read (28).
insert into role_permissions (role_id, permission_id, granted_at)
select r.id, p.id, now()
from roles r, permissions p
where r.name = 'manager'
  and (p.resource in ('items', 'customers', 'suppliers', 'rentals', 'purchases', 'inventory')
       or (p.resource = 'reports' and p.action <> 'delete')
       or p.name = 'users:read');

-- The operator's: daily work without deleting, and the look-ups it needs (14).
insert into role_permissions (role_id, permission_id, granted_at)
select r.id, p.id, now()
from roles r, permissions p
where r.name = 'operator'
  and ((p.resource in ('customers', 'rentals', 'inventory') and p.action <> 'delete')
       or p.name in ('purchases:create', 'purchases:read', 'items:read', 'suppliers:read', 'reports:read'));

-- The viewer's: to read all but the accounts (7).
insert into role_permissions (role_id, permission_id, granted_at)
select r.id, p.id, now()
from roles r, permissions p
where r.name = 'viewer' and p.action = 'read' and p.resource <> 'users';

-- And the administrator gets the admin's role.
insert into user_roles (user_id, role_id, assigned_at)
select u.id, r.id, now()
from users u, roles r
where u.username = current_setting('resetctl.admin_username') and r.name = 'admin';
